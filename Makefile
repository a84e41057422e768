# relayprobe: `make run` plays the shipped scenarios against the embedded
# simulator, `make test` runs every test. `make help` lists the rest.

CARGO ?= cargo
TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
RELAYPROBE := $(TARGET_DIR)/release/relayprobe

# Arguments for `relayprobe run`: make run ARGS=-v
ARGS ?=
# Sessions of `make soak`.
SOAK ?= 100000

.DEFAULT_GOAL := help
.PHONY: run test check certs bench soak golden fuzz coverage mutants help build deb tools fmt clippy doc deny

run: certs ## play the shipped scenarios against the simulator (ARGS=… are passed on)
	@$(RELAYPROBE) run scenarios $(ARGS)

certs: build ## mint the lab certificates that are missing or about to expire
	@$(RELAYPROBE) certs certs/lab.yaml

# Cargo names each crate as it starts; OpenSSL alone then compiles for two
# minutes without a word, so a line every 15 seconds says that all is well. The
# sleep must not hold the terminal's pipe open after the build has ended.
build:
	@[ -x '$(RELAYPROBE)' ] || echo 'building relayprobe; the first time takes some minutes, OpenSSL is compiled along'
	@( s=0; while sleep 15 </dev/null >/dev/null 2>&1; do s=$$((s + 15)); echo "  still building, $$s s"; done ) & \
	beat=$$!; trap 'kill $$beat 2>/dev/null' EXIT; \
	$(CARGO) build --release --locked --bin relayprobe

test: tools ## run every test; says what is skipped (with CI set, a missing program is a failure)
	@$(CARGO) test --locked

# Postfix, swaks and what they need: installed on Debian as root, else named.
tools:
	@sh tests/tools.sh

check: fmt clippy doc deny ## format, lints, documentation, dependency policy

fmt:
	$(CARGO) fmt --check

clippy:
	$(CARGO) clippy --locked --all-targets -- -D warnings
	$(CARGO) clippy --locked --lib --features fuzz -- -D warnings

doc:
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --no-deps --document-private-items

# Bans, licences and sources need no network. Advisories need RustSec's
# database: they are checked where it can be fetched, and passed over aloud where
# it cannot.
deny:
	@if command -v cargo-deny >/dev/null; then \
	  echo '$(CARGO) deny check bans licenses sources'; \
	  $(CARGO) deny --locked check --hide-inclusion-graph bans licenses sources || exit 1; \
	  if timeout 60 $(CARGO) deny fetch db >/dev/null 2>&1; then \
	    $(CARGO) deny --locked check --disable-fetch advisories || exit 1; \
	  else \
	    echo 'advisories: not checked, the advisory database cannot be reached from here'; \
	  fi; \
	elif [ -n "$$CI" ]; then \
	  echo 'cargo-deny is missing: cargo install cargo-deny --locked' >&2; exit 1; \
	else \
	  echo 'dependency policy: not checked; cargo install cargo-deny --locked'; \
	fi

bench: tools ## print speed and memory as ratios against the peers
	@$(CARGO) bench --locked --bench peers

soak: tools ## play 100,000 sessions of mixed faults and see that nothing grows (SOAK=…)
	@SOAK=$(SOAK) $(CARGO) test --locked --test it soak:: -- --nocapture

# Each target in turn, its own finds in fuzz/found. Without a sanitizer any compiler
# will do; the library has no unsafe code for one to look after. The seeds are kept
# small, so that `make test` is through with them in a moment.
FUZZ_SECONDS ?= 300
FUZZ_TARGETS ?= $(notdir $(basename $(wildcard fuzz/targets/*.rs)))

fuzz: ## try every parser of foreign bytes for five minutes (FUZZ_SECONDS, FUZZ_TARGETS; needs cargo-fuzz)
	@command -v cargo-fuzz >/dev/null || { echo 'cargo install cargo-fuzz --locked' >&2; exit 1; }
	@cp Cargo.lock fuzz/Cargo.lock
	@for target in $(FUZZ_TARGETS); do \
	  mkdir -p "fuzz/found/$$target"; \
	  $(CARGO) fuzz run --sanitizer none "$$target" "fuzz/found/$$target" "fuzz/seeds/$$target" -- \
	    -max_total_time=$(FUZZ_SECONDS) -rss_limit_mb=512 -timeout=10 -print_final_stats=1 || exit 1; \
	done

coverage: tools ## measure which lines the tests run (needs cargo-llvm-cov)
	@command -v cargo-llvm-cov >/dev/null || { echo 'cargo install cargo-llvm-cov --locked' >&2; exit 1; }
	@$(CARGO) llvm-cov --locked --ignore-filename-regex '/tests/it/|properties\.rs|_tests\.rs' --summary-only

mutants: ## change smtp and verdict bit by bit and see which of their tests notice (needs cargo-mutants)
	@command -v cargo-mutants >/dev/null || { echo 'cargo install cargo-mutants --locked' >&2; exit 1; }
	@sh tests/mutants.sh smtp
	@sh tests/mutants.sh verdict

deb: ## build the Debian package into target/debian (needs cargo-deb)
	@sh deploy/deb/build

golden: ## write golden files, schemas and tables of the reference anew; read the diff
	@UPDATE_GOLDEN=1 $(CARGO) test --locked --quiet -- golden cli::schema
	@git --no-pager diff --stat -- tests docs

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
