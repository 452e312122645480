# The commands behind these targets also work by hand; see the README.

PYTHON ?= python3
BIN := .venv/bin
CALL ?=

.PHONY: help install run call doctor develop lock check test search cover screenshots bench

help: ## List the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /|/' | awk -F'|' '{printf "  make %-11s %s\n", $$1, $$2}'

install: .venv/.installed ## Install the runtime dependencies into .venv
develop: .venv/.developed ## Install the tests and linters as well

# Install exactly what a lock file names, by hash. Nothing is resolved or built, so later releases
# cannot interfere. Uses uv if available, otherwise pip (23.0 or newer).
UV := $(shell command -v uv 2>/dev/null)
LOCKED := install --quiet --no-deps --only-binary :all: --require-hashes -r
venv = $(if $(UV),uv venv --quiet --allow-existing --python $(PYTHON),$(PYTHON) -m venv) $(@D)
pip = $(if $(UV),uv pip $(1) --python $(@D)/bin/python,$(@D)/bin/python -m pip --disable-pip-version-check $(1))
fits = @told=$$($(call pip,check) 2>&1) || { echo "$$told"; exit 1; }

.venv/.installed: requirements.lock requirements-libcurl.lock
	$(new_venv)
	@$(call pip,$(LOCKED) requirements.lock)
	@$(call pip,$(LOCKED) requirements-libcurl.lock) || \
	  echo "Without libcurl, replies stream through the openai SDK, which takes more CPU."
	$(fits)
	@touch $@

.venv/.developed: requirements-dev.lock .venv/.installed
	@echo "Installing the tests and linters into $(@D)"
	@$(call pip,$(LOCKED) requirements-dev.lock)
	$(fits)
	@touch $@

.venv-bench/.installed: bench/requirements.lock
	$(new_venv)
	@$(call pip,$(LOCKED) bench/requirements.lock)
	$(fits)
	@touch $@

define new_venv
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; this is $$($(PYTHON) --version). Try: make PYTHON=python3.12 run"; exit 1; }
	@echo "Installing into $(@D)"
	@$(venv)
endef

lock: develop ## Resolve the dependencies into the lock files (LOCK=--upgrade for the latest)
	$(RESOLVE) requirements.lock pyproject.toml
	$(RESOLVE) requirements-libcurl.lock --group libcurl
	$(RESOLVE) requirements-dev.lock --group dev --constraints requirements.lock
	$(RESOLVE) bench/requirements.lock bench/requirements.in

RESOLVE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
  --no-header $(LOCK) --output-file

run: install ## Serve on http://127.0.0.1:8080 (HOST and PORT change that)
	@$(BIN)/python app.py

call: install ## Place a simulated call (CALL="--help" lists its options)
	@$(BIN)/python -m emulator --serve $(CALL)

doctor: install ## Check settings, guide, signatures and public access, and say what to fix
	@$(BIN)/python -m doctor

check: develop ## Lint, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: develop ## Run every test
	$(BIN)/python -m pytest -q -n auto

search: develop ## Search longer for a random call that breaks a rule
	SIMULATED_CALLS=60000 INTERLEAVINGS=500000 $(BIN)/python -m pytest -q -n auto tests/test_simulated_calls.py tests/test_barge_in_properties.py

cover: develop ## Run every test with branch coverage
	$(BIN)/python -m pytest -q -n auto --cov --cov-report=term
	$(BIN)/python -m coverage report --fail-under=95 >/dev/null
	$(BIN)/python -m coverage report --fail-under=100 --include="$(PURE)"

screenshots: develop ## Retake the screenshots in the README
	$(BIN)/python -m tests.screenshots

bench: install .venv-bench/.installed ## Run a short load test (bench/README.md describes the full one)
	@.venv-bench/bin/python bench/load.py short

PURE := barge_in.py,relay_protocol.py,turn/*,utterance/*,settings/*,call_log/format.py,calls/overrides.py,calls/relay_events.py,explaining/replay.py,guide/answer.py,guide/event_stream.py,guide/speech_text.py,trust/addresses.py,trust/tokens.py
