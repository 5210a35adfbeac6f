# acmsync: `make demo` shows it at work, `make test` proves it.
SHELL      := /bin/bash
GO         ?= go
VERSION    ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS    := -s -w -X main.version=$(VERSION)
FUZZTIME   ?= 20s
BENCHTIME  ?= 1x
# chaos: every which point; 1 is all.
EVERY      ?= 1
# soak: how long.
SOAK       ?= 1h
# The race detector needs a C compiler; under CI=true it is not optional.
RACE       := $(shell if [ "$$CI" = true ] || command -v gcc >/dev/null 2>&1 || command -v clang >/dev/null 2>&1; then echo -race; fi)
TOOL       := $(GO) tool -modfile=tools/go.mod

.PHONY: build demo test test-short promises hostile chaos soak isolation lint vulnerabilities fmt fuzz fuzz-nightly cover bench bench-peers year tools clean

build: ## the released binary: no lab, no cgo
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/acmsync ./cmd/acmsync

demo: ## the whole product on a private CA, DNS, git server and TLS edge
	$(GO) build -tags demo -trimpath -o bin/acmsync-demo ./cmd/acmsync
	bin/acmsync-demo demo

test: ## all tests, shuffled, with the race detector where there is a C compiler
	$(GO) test $(RACE) -shuffle=on -timeout 30m -tags demo ./...

test-short: ## the quick half, for an edit loop
	$(GO) test -short -timeout 5m ./...

promises: ## take out each protection in turn, and see its test fail; minutes
	ACMSYNC_PROMISES=1 $(GO) test -v -count=1 -timeout 60m -run '^TestPromises' ./internal/arch

hostile: ## every hostile text from every source
	ACMSYNC_HOSTILE=1 $(GO) test -count=1 -run '^TestHostileText$$' ./cmd/acmsync

chaos: ## kill the program at every point of every event (EVERY=5: at every fifth); long
	set -o pipefail; ACMSYNC_CHAOS=$(EVERY) $(GO) test -v -count=1 -timeout 5h -parallel 8 -run '^TestCrash$$' ./internal/controller | grep -E '_test.go|FAIL|^ok'

soak: ## an hour of the daemon in the lab, with changes and faults: nothing may grow (SOAK=20m: so long)
	ACMSYNC_SOAK=$(SOAK) $(GO) test -v -count=1 -timeout 3h -run '^TestHourOfRun$$' ./cmd/acmsync

isolation: ## each fault alone among a hundred apps, and twenty times
	set -o pipefail; ACMSYNC_ISOLATION=1 $(GO) test -v -count=1 -timeout 1h -run '^TestIsolationOneByOne$$' ./internal/controller | grep -E '^ *---|_test.go|FAIL|^ok'

lint: vulnerabilities ## format, vet, staticcheck, known vulnerabilities
	@unformatted=$$($(TOOL) gofumpt -l $$(git ls-files '*.go')); \
	if [ -n "$$unformatted" ]; then echo "not formatted (run: make fmt):"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) vet -tags demo ./cmd/... ./internal/lab/...
	$(GO) vet -tags peers ./bench/...
	$(TOOL) staticcheck ./...
	$(TOOL) staticcheck -tags demo ./cmd/...

vulnerabilities: ## those that are known of what we call; a note where their database cannot be reached
	@said=$$($(TOOL) govulncheck ./... 2>&1); code=$$?; \
	if [ $$code -eq 1 ] && grep -q '^govulncheck: fetching vulnerabilities: .*\(dial\|lookup\|timeout\|proxyconnect\)' <<<"$$said"; then \
	  echo "NOTE: vulnerabilities not checked, their database cannot be reached: $$said"; exit 0; fi; \
	echo "$$said"; exit $$code

fmt:
	$(TOOL) gofumpt -w $$(git ls-files '*.go')

fuzz-nightly: ## every fuzz target for a million mutations; hours
	$(MAKE) fuzz FUZZTIME=1000000x

fuzz: ## every fuzz target for FUZZTIME
	@set -e; for pkg in $$($(GO) list ./...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "== $$pkg $$target"; $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$pkg; \
	  done; done

cover:
	$(GO) test -coverprofile=cover.out -coverpkg=./... ./...
	$(GO) tool cover -func=cover.out | tail -n 1

bench: ## ratios within one run
	$(GO) test -run '^$$' -bench . -benchtime $(BENCHTIME) ./bench/...

bench-peers: ## the same job done by other tools on this machine, where they are installed
	$(GO) test -run '^$$' -bench Peers -benchtime $(BENCHTIME) -tags peers ./bench/...

year: ## a virtual year of 10,000 domains at a CA that enforces its limits exactly
	ACMSYNC_YEAR=1 $(GO) test -count 1 -run TestAYearAtAStrictCA -v -timeout 60m ./reconcile

tools: ## what the tests need from the system
	command -v git >/dev/null && command -v gcc >/dev/null && command -v sqlite3 >/dev/null && command -v ssh-keygen >/dev/null && { command -v knotd || test -x /usr/sbin/knotd; } >/dev/null || \
	{ apt-get update -qq && apt-get install -y -qq --no-install-recommends git gcc libc6-dev knot openssh-client sqlite3; }
	$(MAKE) bin/step-ca

# A second ACME server for the tests, from a module of its own; a minute once.
bin/step-ca: tools/stepca/go.mod tools/stepca/go.sum
	cd tools/stepca && CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o ../../bin/step-ca github.com/smallstep/certificates/cmd/step-ca

clean:
	rm -rf bin cover.out
