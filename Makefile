# One place for what people and CI type. Needs Rust and Python 3; everything else is installed on first use, but for
# the browser of the browser tests, which say so when they are skipped.

# Where `make demo` leaves its emulator; all others are on a free port of their own.
PORT ?= 4566

# `make test ONLY=word`: the Rust tests whose names contain the word.
ONLY ?=

# How long each fuzz target runs.
FUZZ_SECONDS ?= 60

.PHONY: demo test test-fast test-faults fuzz lint format audit bench docs book package clean

## A story of four minutes on a bundled LocalStack: create, a change that waits, drift, Ctrl-C, a refusal, the page. Leaves it running.
demo:
	@PORT=$(PORT) ./demo

## Every test: the fast ones first, then those on a LocalStack of their own, then those in a browser.
test:
	@tests/run $(ONLY)

## The whole fault matrix, that of a state in a bucket, and the cases of what others do between two runs, of each of which
## `make test` runs a part: over an hour.
test-faults:
	@tests/faults/run

## The tests that need nothing but Rust.
test-fast:
	cargo test --locked

## Hostile bytes for everything that reads files, and for what makes text harmless: FUZZ_SECONDS for each target.
fuzz:
	./.ci/fuzz $(FUZZ_SECONDS)

## Formatting, lints as errors, licences and advisories.
lint: format audit
	cargo clippy --locked --all-targets -- -D warnings
	cargo clippy --locked --test localstack --test faults -- -D warnings

## Formatting alone.
format:
	cargo fmt --check

## Licences, sources and advisories of the dependencies, and that both lock files are up to date.
audit:
	cargo metadata --locked --format-version 1 --manifest-path fuzz/Cargo.toml >/dev/null
	./.ci/deny

## Processor time, requests and round trips of the program; beside them Terraform, where it is installed.
bench:
	@bench/run

## Writes the generated parts of docs/ anew: options, commands, findings, statuses, and the outputs in the tutorial.
docs:
	@PROVISION_WRITE_DOCS=1 tests/run -- _page:: the_documentation_of_the_statuses tutorial::

## The documents as a book in target/book/docs, where mdBook is installed.
book:
	@.ci/book

## What a release has for this machine, in target/packaging, and a trial of it. On Linux as root, or with sudo.
package:
	@.ci/package

clean:
	-localstack/down --all
	rm -rf localstack/.venv localstack/.run bench/.run
	cargo clean
