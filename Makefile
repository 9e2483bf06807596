# One place for what people and CI type. Needs Rust and Python 3; everything else is installed on first use.

PORT ?= 4566
TEST_PORT ?= 4599
BENCH_PORT ?= 4598

.PHONY: demo test test-fast lint bench clean

## The whole story on a bundled LocalStack: import, plan, apply, plan again, output. Leaves it running.
demo:
	@PORT=$(PORT) ./demo

## Every test: the fast ones first, then those on a LocalStack of their own.
test: test-fast
	@endpoint=$$(localstack/up --port $(TEST_PORT)) \
		&& { PROVISION_TEST_ENDPOINT=$$endpoint cargo test --locked --test localstack; status=$$?; \
		     localstack/down --port $(TEST_PORT); exit $$status; }
	@localstack/test

## The tests that need nothing but Rust.
test-fast:
	cargo test --locked

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
