# make check   the quick part: format, lint, vet, tests with the race detector, tidy modules, a clean tree
# make test    everything: check, fuzzing, builds for every Pi
# make soak    the crash tests with SOAK kills each, far more than make test has
# make bench   the benchmarks
# make bench-peers   the workloads against an npm package that runs ASL as well; needs npm

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
TOOL := go tool -modfile=tools/go.mod
# A count, not a time: at the end of a time go test sometimes fails with "context deadline exceeded" (go.dev/issue/75804).
FUZZTIME ?= 150000x
SOAK ?= 2000
ROUNDS ?= 5

.PHONY: test check needs lint tidy race fuzz soak builds bench bench-peers

test: needs check fuzz builds

# The tree must be after the tests as it was before: none of them writes into it.
check:
	@before=$$(git status --porcelain); \
	$(MAKE) --no-print-directory lint race tidy; \
	if [ "$$before" != "$$(git status --porcelain)" ]; then echo "the tests have changed the tree:"; git status --short; exit 1; fi

needs:
	@tools/needs.sh tmux graphviz postgresql

lint:
	$(TOOL) golangci-lint fmt --diff
	$(TOOL) golangci-lint run
	go vet ./...
	@for f in tools/*.sh tools/*/*.sh; do bash -n $$f; done
	@if command -v node >/dev/null; then for f in tools/*/*.mjs; do node --check $$f; done; fi

tidy:
	go mod tidy -diff

# The race detector makes SQLite, which is Go here, forty times slower: what moves 200,000 rows, or kills 200 migrations, is
# built without it.
race:
	go test -race ./...
	go test -run 'Crash|Memory' ./machines/...

# Every fuzz target for a little while; what it finds is kept in testdata/fuzz and run by every go test after that.
fuzz:
	@for p in $$(go list ./...); do \
		for f in $$(go test -list '^Fuzz' $$p | grep '^Fuzz' || true); do \
			echo "fuzz $$p $$f"; \
			go test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$p; \
		done; \
	done

soak: needs
	SIGNALBOX_CRASHES=$(SOAK) go test -count 1 -timeout 0 -run Crash -v ./...

builds:
	GOOS=linux GOARCH=arm64 go build -o /dev/null ./cmd/signalbox
	GOOS=linux GOARCH=arm GOARM=6 go build -o /dev/null ./cmd/signalbox
	GOOS=darwin GOARCH=arm64 go build -o /dev/null ./cmd/signalbox

bench:
	go test -run '^$$' -bench . -benchmem ./...

# Kept out of test: what is measured while others use the machine says nothing about a commit.
bench-peers:
	@tools/bench-peers/run.sh $(ROUNDS)
