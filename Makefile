# make quick   for each change: format, vet, lint of what has changed, the tests without race detector and crash loops
# make check   format, lint, vet, all tests without and with the race detector, tidy modules, an unchanged tree
# make test    everything: check, fuzzing, builds for every Pi
# make soak    the crash tests with SOAK kills each, and COINS coins on slow cards: far more than make test has
# make bench   the benchmarks
# make bench-peers   the workloads against an npm package that runs ASL as well; needs npm

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
TOOL := go tool -modfile=tools/go.mod
# go test gives a package ten minutes; a slow machine that does other things as well needs more.
TEST := go test -timeout 40m
# A count, not a time: at the end of a time go test sometimes fails with "context deadline exceeded" (go.dev/issue/75804).
FUZZTIME ?= 150000x
SOAK ?= 2000
COINS ?= 10000
ROUNDS ?= 5

.PHONY: test quick check needs lint tidy unit race fuzz soak builds bench bench-peers

test: needs check fuzz builds

# go vet has run already: go test need not run it again.
quick:
	$(TOOL) golangci-lint fmt --diff
	go vet ./...
	@tools/lint-changed.sh $(TOOL) golangci-lint run
	$(TEST) -vet=off -skip Crash ./...

# The tree must be after the tests as it was before: none of them writes into it.
check:
	@before=$$(git status --porcelain); \
	$(MAKE) --no-print-directory lint unit race tidy; \
	if [ "$$before" != "$$(git status --porcelain)" ]; then echo "the tests have changed the tree:"; git status --short; exit 1; fi

needs:
	@tools/needs.sh tmux graphviz postgresql

lint:
	$(TOOL) golangci-lint fmt --diff
	$(TOOL) golangci-lint run
	go vet ./...
	tools/words.sh
	@for f in tools/*.sh tools/*/*.sh; do bash -n $$f; done
	@if command -v node >/dev/null; then for f in tools/*/*.mjs; do node --check $$f; done; fi

tidy:
	go mod tidy -diff

# Everything at full length.
unit:
	$(TEST) ./...

# With the race detector simulations that run in one goroutine are shorter (internal/race): it makes them ten times slower,
# and SQLite, which is Go here, forty times.
race:
	$(TEST) -race ./...

# Every fuzz target for a little while; what it finds is kept in testdata/fuzz and run by every go test after that.
fuzz:
	@for p in $$(go list ./...); do \
		for f in $$(go test -list '^Fuzz' $$p | grep '^Fuzz' || true); do \
			echo "fuzz $$p $$f"; \
			$(TEST) -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$p; \
		done; \
	done

soak: needs
	SIGNALBOX_CRASHES=$(SOAK) go test -count 1 -timeout 0 -run Crash -v ./...
	SIGNALBOX_COINS=$(COINS) go test -count 1 -timeout 0 -parallel 50 -run CardIsSlow -v ./cmd/signalbox/internal/assembly

builds:
	GOOS=linux GOARCH=arm64 go build -o /dev/null ./cmd/signalbox
	GOOS=linux GOARCH=arm GOARM=6 go build -o /dev/null ./cmd/signalbox
	GOOS=darwin GOARCH=arm64 go build -o /dev/null ./cmd/signalbox

bench:
	go test -run '^$$' -bench . -benchmem ./...

# Kept out of test: what is measured while others use the machine says nothing about a commit.
bench-peers:
	@tools/bench-peers/run.sh $(ROUNDS)
