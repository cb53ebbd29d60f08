# The commands a person needs. `make help` lists them.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

SWIFT ?= swift
ONLY ?=
ENGINES ?=
RUNS ?=
BASE ?=
HEAD ?=
CPU_TIME ?=
SECONDS_EACH ?= 30

bench_options := $(if $(ONLY),--only $(ONLY)) $(if $(ENGINES),--engines $(ENGINES)) \
	$(if $(RUNS),--runs $(RUNS))

.PHONY: help demo test check soak fuzz bench bench-quick bench-compare format lint tsan asan clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## import real data, ask real questions, kill the writer, draw a page (installs what is missing)
	@Scripts/install-dependencies build
	@$(SWIFT) run -c release --package-path Examples formdb-demo

test: ## run all tests
	@Scripts/install-dependencies build test
	@$(SWIFT) test -c release -Xswiftc -enable-testing

check: ## lint, all tests, and the tests that matter under each sanitizer (what CI runs)
	@Scripts/install-dependencies build test lint bench
	@Scripts/check

soak: ## the random and crash tests for as long as SOAK_HOURS says (default 1)
	@Scripts/install-dependencies build test
	@Scripts/soak

fuzz: ## libFuzzer on every decoder, SECONDS_EACH=30 for each
	@Scripts/install-dependencies build
	@SECONDS_EACH=$(SECONDS_EACH) Scripts/fuzz

bench: ## measure against the peers (ONLY=W2 one workload, ENGINES=a,b some engines, RUNS=n)
	@Scripts/install-dependencies build bench peers
	@$(SWIFT) run -c release --package-path Benchmarks formdb-bench $(bench_options)

bench-quick: ## the same with fewer runs, in less than two minutes
	@Scripts/install-dependencies build bench peers
	@$(SWIFT) run -c release --package-path Benchmarks formdb-bench --quick $(bench_options)

bench-compare: ## two commits in turn, a verdict a line (BASE=commit, HEAD=commit or the working tree)
	@Scripts/install-dependencies build bench
	@ONLY=$(ONLY) ENGINES=$(ENGINES) RUNS=$(RUNS) HEAD=$(HEAD) CPU_TIME=$(CPU_TIME) Scripts/bench-compare "$(BASE)"

format: ## format all C and Swift in place
	@Scripts/install-dependencies lint
	@Scripts/format

lint: ## formatting, layering, sizes and words, without changing anything
	@Scripts/install-dependencies lint
	@Scripts/lint

tsan: ## the concurrency tests under the thread sanitizer
	@Scripts/install-dependencies build test
	@Scripts/sanitize thread

asan: ## the hostile-input and core tests under the address and undefined-behaviour sanitizers
	@Scripts/install-dependencies build test
	@Scripts/sanitize address

clean: ## remove everything that was built
	@rm -rf .build .build-* Benchmarks/.build* Benchmarks/.results/compare Examples/.build*
