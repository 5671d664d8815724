# The only entry point: `make help` lists what there is. Everything is put under .venv/ and .run/.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help setup servers lock format lint types architecture migrate demo up down restart test test-long test-clones bench

VENV := .venv
BIN := $(VENV)/bin
BENCH := .venv-bench
CHECKED := services shared deploy/local deploy/small tests
PIP_INSTALL := install --quiet --no-input --disable-pip-version-check
COMPILE := $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header

# The first Python that is new enough; PYTHON=… names another.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$name; break; }; done)

# Three files of tests at a time, as tests/conftest.py orders them: most of a test's time is waiting.
PARALLEL := -n 3 --dist loadfile --no-loadscope-reorder

# Passed on to pytest: make test PYTEST_ARGS="tests/unit -k outbox"
PYTEST_ARGS ?=

CLONES := 5

# What is set in the environment is used as given; otherwise the stack that `make up` started.
STACK := if [ -z "$$DATABASE_URL" ]; then \
	[ -f .run/env ] || { echo "No stack: run 'make up' first, or set DATABASE_URL and RABBITMQ_URL." >&2; exit 1; }; \
	set -a; . ./.run/env; set +a; fi;

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "make %-14s %s\n", $$1, $$2 }'

setup: $(VENV)/.installed ## the virtual environment in .venv, from the lock file
	@:

$(BIN)/pip:
	@if [ -z "$(PYTHON)" ]; then \
		echo "Python 3.11 or later is needed and was not found (Debian 12 and later: apt-get install python3 python3-venv)." >&2; \
		exit 1; fi
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) has no venv module (Debian: apt-get install python3-venv)." >&2; exit 1; }
	@echo "setup: making the virtual environment in $(VENV)"
	@$(PYTHON) -m venv --clear $(VENV)

$(VENV)/.installed: $(BIN)/pip requirements-dev.lock pyproject.toml
	@echo "setup: installing the packages of requirements-dev.lock (a minute, the first time)"
	@$(BIN)/pip $(PIP_INSTALL) --require-hashes -r requirements-dev.lock
	@$(BIN)/pip $(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(BENCH)/.installed: requirements-bench.lock $(VENV)/.installed
	@echo "bench: installing the rivals into $(BENCH)"
	@$(BIN)/python -m venv $(BENCH)
	@$(BENCH)/bin/pip $(PIP_INSTALL) --require-hashes -r requirements-bench.lock
	@touch $@

servers: setup ## have a RabbitMQ to run: the installed one, Debian's package or Docker
	@$(BIN)/python -m deploy.local install

lock: setup ## resolve requirements*.in anew into requirements*.lock
	@for name in requirements requirements-dev requirements-bench; do \
		echo "lock: $$name.lock"; $(COMPILE) -o $$name.lock $$name.in || exit 1; done

format: setup ## let ruff rewrite what it can
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

lint: setup ## ruff: rules and format
	@echo "lint: ruff"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . || { echo "Not formatted: run 'make format'." >&2; exit 1; }

types: setup ## mypy --strict
	@echo "types: mypy --strict"
	@$(BIN)/mypy --strict $(CHECKED)

architecture: setup ## import-linter: who may import whom
	@echo "architecture: import-linter"
	@$(BIN)/lint-imports

migrate: setup ## bring the database and the queues of the running stack up to date
	@$(STACK) $(BIN)/python -m services.console migrate

demo: setup ## the main job once, for real, every step checked
	@$(BIN)/python -m deploy.local.demo

up: setup ## start the whole stack in the background, all files under .run/
	@$(BIN)/python -m deploy.local up

down: setup ## stop it; its data stays
	@$(BIN)/python -m deploy.local down

restart: migrate ## restart its processes one by one, as after a change of the code; running work is waited for
	@$(BIN)/python -m deploy.local restart

test: setup lint types architecture servers ## everything that is checked on each change
	@echo "test: pytest"
	@$(BIN)/pytest $(PARALLEL) -m "not long and not rabbitmq4" $(PYTEST_ARGS)

test-long: setup lint types architecture servers ## the same, the fault campaigns at full size, and RabbitMQ 4 as well
	@$(BIN)/python -m deploy.local install-4
	@$(BIN)/python -m deploy.local install-office
	@echo "test-long: pytest"
	@$(BIN)/pytest $(PYTEST_ARGS)

test-clones: ## `make test` in five fresh clones of what is committed, one after the other (CLONES=…)
	@for number in $$(seq $(CLONES)); do \
		folder=$$(mktemp -d) && chmod 755 "$$folder" && echo "test-clones: $$number of $(CLONES), in $$folder" || exit 1; \
		git clone --quiet . "$$folder/bellhop" && $(MAKE) --no-print-directory -C "$$folder/bellhop" test || { \
			echo "Clone $$number of $(CLONES) failed; it stays in $$folder." >&2; exit 1; }; \
		rm -rf "$$folder"; done

bench: setup $(BENCH)/.installed ## the benchmarks beside their rivals, as a table and as .run/bench.json
	@$(BIN)/python -m tests.benchmarks
