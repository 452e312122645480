# The commands behind these targets work by hand too; the README shows them.

PYTHON ?= python3
BIN := .venv/bin
CALL ?=

.PHONY: help install run call doctor check test search cover screenshots bench

help: ## List the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /|/' | awk -F'|' '{printf "  make %-8s %s\n", $$1, $$2}'

install: .venv/.installed ## Install what is needed into .venv

.venv/.installed: requirements.lock
.venv-bench/.installed: bench/requirements.lock

# uv if it is there, else venv and pip. Both install exactly what the lock file names, by hash.
%/.installed:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed, this is $$($(PYTHON) --version). Try: make PYTHON=python3.12 run"; exit 1; }
	@if command -v uv >/dev/null 2>&1; then \
	  uv venv --quiet --allow-existing --python $(PYTHON) $(@D) && \
	  uv pip install --quiet --python $(@D)/bin/python --require-hashes -r $<; \
	else \
	  $(PYTHON) -m venv $(@D) && \
	  $(@D)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<; \
	fi
	@touch $@

run: install ## Serve on http://127.0.0.1:8080 (HOST and PORT change that)
	@$(BIN)/python app.py

call: install ## Place a simulated call (CALL="--help" lists what else it can do)
	@$(BIN)/python -m emulator --serve $(CALL)

doctor: install ## Check the settings, the guide, and the way in from outside
	@$(BIN)/python -m doctor

check: install ## Lint, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: install ## Run every test
	$(BIN)/python -m pytest -q -n auto

search: install ## Search longer for a call that breaks a rule
	SIMULATED_CALLS=60000 INTERLEAVINGS=500000 $(BIN)/python -m pytest -q -n auto tests/test_simulated_calls.py tests/test_barge_in_properties.py

cover: install ## Run every test and show what they leave out
	$(BIN)/python -m pytest -q -n auto --cov --cov-report=term
	$(BIN)/python -m coverage report --fail-under=95 >/dev/null
	$(BIN)/python -m coverage report --fail-under=100 --include="$(PURE)"

screenshots: install ## Take the pictures of the browser phone for the documentation again
	$(BIN)/python -m tests.screenshots

bench: install .venv-bench/.installed ## Measure under load, in short (bench/README.md has the full form)
	@.venv-bench/bin/python bench/load.py short

PURE := barge_in.py,playout.py,reply.py,turn_events.py,turn_options.py,history.py,playback.py,utterance.py,transcript.py,phrases/*,relay_protocol.py,relay_events.py,recording.py,replay.py,trust.py,wishes.py,speech_text.py,guide_answer.py,settings/*
