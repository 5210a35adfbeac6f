SHELL := /bin/bash
GO ?= go
