# What people run here. `make` alone prints this list. Needed: Rust, a C compiler and make, Go for the cluster
# tests; `make fuzz` needs more, and says what.

CARGO ?= cargo
export CARGO_TERM_COLOR ?= auto
SECONDS_EACH ?= 20
# Said to make itself: a variable of this name in the environment means something else.
CLUSTER_SAID := $(if $(filter command line,$(origin CLUSTER)),$(CLUSTER))
# Only this package is optimised: its dependencies stay as they were built.
OPTIMISED := --config 'profile.dev.package.kubentra.opt-level=2'

.DEFAULT_GOAL := help
.PHONY: help check test cluster-test cluster-demo differential demo bench fuzz doc deny mutants mutants-record mutants-check

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

check: ## Fast checks before a commit: format, lints, unit tests
	$(CARGO) fmt --check
	$(CARGO) fmt --check --manifest-path fuzz/Cargo.toml
	$(CARGO) clippy --locked --all-targets --all-features -- -D warnings
	$(CARGO) test --locked --lib

test: ## Every test: unit, integration, conformance, examples, differential, cluster; CLUSTER=skip
	CLUSTER= $(CARGO) test --locked
	$(MAKE) --no-print-directory differential
	$(MAKE) --no-print-directory cluster-test

cluster-test: ## kubentra behind a real API server, with kubectl; needs Go, or KUBEBUILDER_ASSETS
	CLUSTER=$(or $(CLUSTER_SAID),run) $(CARGO) test --locked --test cluster $(OPTIMISED)

demo: ## A guided tour on loopback, offline; KEEP=1 leaves it running
	$(CARGO) build --locked --features emulator --bins
	@if [ -t 1 ]; then COLUMNS=$$(tput cols 2>/dev/null) && export COLUMNS; fi; \
	exec "$${CARGO_TARGET_DIR:-target}/debug/kubentra" demo $(if $(filter-out 0,$(KEEP)),--keep)

cluster-demo: ## The tour on a real control plane, with kubectl; KEEP=1 leaves it running
	@CLUSTER=demo KEEP=$(KEEP) $(CARGO) test --locked -q --test cluster $(OPTIMISED)

differential: ## The engine against a second reading of its rules; CASES=1000000 SEED=1
	CASES=$(or $(CASES),1000000) SEED=$(or $(SEED),1) $(CARGO) test --locked --test differential \
		$(OPTIMISED)

bench: ## Measure the hot paths
	$(CARGO) bench --locked

fuzz: ## Fuzz each input for SECONDS_EACH (20), on nightly Rust; TARGETS="token config" for some of them
	fuzz/run $(SECONDS_EACH) $(TARGETS)

doc: ## Build the API documentation; a warning is an error
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps --all-features

deny: ## Check licences, sources and banned crates; needs cargo-deny (.ci/run installs it)
	$(CARGO) deny --locked check bans licenses sources

mutants: ## Mutate the core (long); PART=authz one half, SHARD=0/4 a quarter, ARGS='-F …' what matches
	PART="$(PART)" SHARD="$(SHARD)" mutants/run $(ARGS)

mutants-record: ## Write what the runs found into docs/mutants.md
	MUTANTS=record $(CARGO) test --locked --test mutants

mutants-check: ## Say which files changed since their mutants were run
	MUTANTS=check $(CARGO) test --locked --test mutants
