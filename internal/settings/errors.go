package settings

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Error is one thing wrong with the settings.
type Error struct {
	// File, Line and Column are where; without a file, Source names the
	// environment variable or flag.
	File         string
	Line, Column int
	Source       string
	// Key is the dotted setting; empty when the file as a whole is meant.
	Key     string
	Message string
}

// Error is file:line:col: key: message.
func (e Error) Error() string {
	var b strings.Builder
	switch {
	case e.Source != "":
		b.WriteString(e.Source + ": ")
	case e.File != "":
		fmt.Fprintf(&b, "%s:%d:%d: ", e.File, e.Line, e.Column)
	}
	if e.Key != "" {
		b.WriteString(e.Key + ": ")
	}
	return b.String() + e.Message
}

// Errors is everything wrong with the settings, in the order of the file.
type Errors []Error

// Error has one line for each.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

func (e Errors) sorted() Errors {
	slices.SortStableFunc(e, func(a, b Error) int {
		return cmp.Or(
			cmp.Compare(a.Source, b.Source),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column),
		)
	})
	return e
}

// place is where a value was written.
type place struct {
	file         string
	line, column int
	source       string
}

func (p place) fail(key, message string) Error {
	return Error{File: p.file, Line: p.line, Column: p.column, Source: p.source, Key: key, Message: message}
}
