# One place for what people and CI type. Needs Rust and Python 3; everything else is installed on first use, but for
# the browser of the browser tests, which say so when they are skipped.

PORT ?= 4566
TEST_PORT ?= 4599
BENCH_PORT ?= 4598

FAULTS_PORT ?= 4597

# How long each fuzz target runs.
FUZZ_SECONDS ?= 60

.PHONY: demo test test-fast test-faults fuzz lint bench clean

## The whole story on a bundled LocalStack: import, plan, apply, plan again, output. Leaves it running.
demo:
	@PORT=$(PORT) ./demo

## Every test: the fast ones first, then those on a LocalStack of their own, then those in a browser.
test: test-fast
	@endpoint=$$(localstack/up --port $(TEST_PORT)) \
		&& { PROVISION_TEST_ENDPOINT=$$endpoint cargo test --locked --test localstack --test faults; status=$$?; \
		     localstack/down --port $(TEST_PORT); exit $$status; }
	@localstack/test
	@tests/browser/run

## The whole fault matrix, that of a state in a bucket, and the cases of what others do between two runs, of each of which
## `make test` runs a part: over an hour.
test-faults:
	@endpoint=$$(localstack/up --port $(FAULTS_PORT)) \
		&& { PROVISION_TEST_ENDPOINT=$$endpoint PROVISION_FAULT_CASES=all \
		     cargo test --locked --test faults -- --nocapture; status=$$?; \
		     localstack/down --port $(FAULTS_PORT); exit $$status; }

## The tests that need nothing but Rust.
test-fast:
	cargo test --locked

## Hostile bytes for everything that reads files, and for what makes text harmless: FUZZ_SECONDS for each target.
fuzz:
	./.ci/fuzz $(FUZZ_SECONDS)

## Formatting, lints as errors, licences and advisories.
lint:
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	./.ci/deny

## The measured comparisons, against Terraform where it is installed.
bench:
	@PORT=$(BENCH_PORT) bench/run

clean:
	-localstack/down --all
	rm -rf localstack/.venv localstack/.run bench/.run
	cargo clean
