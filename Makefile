# Everything a person or CI runs. The first target that needs the environment builds it from the lock file.
PYTHON ?= python3
BIN := .venv/bin
export UV_LINK_MODE ?= copy
# Servers and commands start in half the time when nothing has to be compiled: what is installed is compiled once.
export UV_COMPILE_BYTECODE ?= 1
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run install install-dev check format lint types contracts test test-fresh test-on-postgres test-postgres test-deep mutants docs browser lock clean

run: install ## install, load the demo if the database is empty, serve on http://127.0.0.1:8000
	@$(BIN)/nurture serve --load-demo-if-empty

install: .venv/.runtime ## the locked run-time packages and the project
install-dev: .venv/.dev ## the same plus what the checks and tests need

.venv/bin/uv:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.9,<1"

.venv/.runtime: requirements.lock pyproject.toml | .venv/bin/uv
	$(BIN)/uv pip install --python $(BIN)/python --require-hashes -r requirements.lock
	$(BIN)/uv pip install --python $(BIN)/python --quiet --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev: requirements-dev.lock pyproject.toml | .venv/bin/uv
	$(BIN)/uv pip install --python $(BIN)/python --require-hashes -r requirements-dev.lock
	$(BIN)/uv pip install --python $(BIN)/python --quiet --no-deps --no-build-isolation -e .
	@touch $@ .venv/.runtime

check: format-check lint contracts types test test-fresh test-on-postgres ## what CI runs
	@$(BIN)/python -m tests.browser say

format-check: install-dev
	$(BIN)/ruff format --check .

format: install-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: install-dev
	$(BIN)/ruff check .

contracts: install-dev
	$(BIN)/lint-imports

types: install-dev
	$(BIN)/mypy

browser: install-dev ## a Chromium for the page tests; without one they are left out, and in CI nothing goes on
	@$(BIN)/python -m tests.browser

PROCESSES ?= 2
PYTEST := $(BIN)/pytest -q --durations=10 --numprocesses $(PROCESSES) --dist loadfile

test: install-dev browser
	$(PYTEST)

SEED := $(or $(SEED),$(shell od -An -N4 -tu4 /dev/urandom | tr -d ' '))
test-fresh: install-dev ## every property with a tenth of its examples, from a seed that is new each time: SEED=... repeats one
	@echo "the seed of these examples is $(SEED); make test-fresh SEED=$(SEED) repeats them"
	NURTURE_TEST_FRESH=1 $(PYTEST) -m "property and not browser and not real_data" --hypothesis-seed=$(SEED)

ON_POSTGRES ?= database and not browser and not real_data
test-on-postgres: install-dev ## every test that asks a database, again on PostgreSQL
	NURTURE_TEST_DATABASE=postgresql $(PYTEST) -m "$(ON_POSTGRES)"

test-postgres: install-dev browser ## the whole suite, with PostgreSQL wherever a test does not choose its database
	NURTURE_TEST_DATABASE=postgresql $(PYTEST)

DEEP_EXAMPLES ?= 20000
test-deep: install-dev ## the property suites, both databases, 20,000 examples each; 10,000 calls of all routes
	NURTURE_TEST_EXAMPLES=$(DEEP_EXAMPLES) $(BIN)/pytest -q --timeout=0 -m deep

mutants: install-dev ## plant mistakes in the rules and list those that no test sees; half an hour
	$(BIN)/uv pip install --python $(BIN)/python --quiet "mutmut>=3.8,<4"
	$(BIN)/mutmut run
	$(BIN)/mutmut results

docs: install-dev ## write the pages that are made from the code
	$(BIN)/python -m tests.crm.segments.language_page

lock: .venv/bin/uv ## resolve the declared ranges anew; writes no registry address
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-emit-index-url --no-annotate \
		--generate-hashes --extra real-data pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-emit-index-url --no-annotate \
		--generate-hashes --extra real-data --extra bench --group dev pyproject.toml -o requirements-dev.lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
