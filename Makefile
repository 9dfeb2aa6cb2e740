PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Whether .venv is of this folder: the programs of a copied one run the other folder's Python, with the other's code.
OURS := $(shell here=$$(pwd -P); grep -qsxF -e "$$here/src" $(VENV)/lib/python3*/site-packages/*numerai_rounds*.pth && \
	head -n 2 $(BIN)/dvc 2>/dev/null | grep -qsF -e "!$$here/$(BIN)/" -e "\"$$here/$(BIN)/" && echo yes)
export PATH := $(CURDIR)/$(BIN):$(PATH)

# Two processes, each with whole files, whose preparations are then made once; in the order of tests/conftest.py.
TWO := --numprocesses 2 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help run test exhaustive check lint types quick torture env lock clean

help: ## show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/'

run: env ## set up the environment, run the pipeline, show the scores and the submission
	@$(BIN)/dvc repro
	@$(BIN)/rounds report

test: $(VENV)/.dev lint types ## lint, check types, run the tests
	$(BIN)/python -m pytest $(TWO)

exhaustive: $(VENV)/.dev ## every combination of which `make test` takes some: before a release
	$(BIN)/python -m pytest $(TWO) -m exhaustive

check: $(VENV)/.dev ## lint, check types, run the tests of domain and scoring
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target lint types quick

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.dev
	$(BIN)/mypy

quick: $(VENV)/.dev
	$(BIN)/python -m pytest --quiet tests/domain tests/scoring

torture: $(VENV)/.dev ## kill, damage, crowd and starve a round in every way that is known: about an hour
	$(BIN)/python -m tests.torture --page docs/torture.md

env: $(VENV)/.run ## the environment alone, in .venv

lock: ## resolve the versions in pyproject.toml into the lock files (needs uv)
	uv pip compile $(LOCK) --output-file requirements.lock pyproject.toml
	uv pip compile $(LOCK) --extra dev --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml

clean: ## remove the environment
	rm -rf $(VENV)

LOCK := --quiet --universal --fork-strategy fewest --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links

ifneq ($(OURS),yes)
.PHONY: $(VENV)/.run
endif
$(VENV)/.run: requirements.lock pyproject.toml
	@[ "$(OURS)" = yes ] || rm -rf $(VENV)
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 13) else \
		"Python 3.11, 3.12 or 3.13 is needed (this is %d.%d): make $(MAKECMDGOALS) PYTHON=python3.12" % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.lock
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements-dev.lock
	@touch $@
