# One command for each need; `make help` lists them. Everything lies in .venv and .ostiary, inside this folder
# (started by root: the database below /var/lib/ostiary, since PostgreSQL does not run as root).

PORT ?= 8000
PYTHON ?=
export PORT PYTHON
PY = .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help venv assets messages schema demo up demo-reset check docs test test-deep test-tools bench e2e

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

demo: assets ## everything from a bare clone: environment, database, demo tenant, server on PORT (8000)
	@exec $(PY) -m ostiary.project demo

up: assets ## the same for developing: the server starts again when a source file changes
	@exec $(PY) -m ostiary.project up

demo-reset: venv ## remove the demo's database, keys and secrets; the next start makes new ones
	@$(PY) -m ostiary.project demo --reset

check: venv-test assets-test ## under a minute: ruff, mypy, import contracts, unit and architecture tests
	@sh tools/test.sh check

test: venv-test assets-test ## what CI runs: every tier but deep and bench, the database subset again on PostgreSQL 15
	@sh tools/test.sh test

test-deep: venv-test assets-test ## long runs: oracle worlds, fuzzing, large data
	@sh tools/test.sh deep

e2e: venv-test assets-test ## only the tests in a browser
	@.venv/bin/pytest -q tests/e2e

test-tools: ## install what tests need beyond .venv: Chromium, PostgreSQL 15 (with apt, as root)
	@sh tools/test_tools.sh

docs: venv ## write the reference pages that are made from the code
	@$(PY) tools/reference_pages.py

bench: venv-test ## speed, as ratios to hand-written SQL; not part of test
	@$(PY) -m bench

schema: venv ## renew the script that new tenants replay, after migrations changed
	@$(PY) tools/schema_template.py

venv: ## .venv from the locked requirements
	@sh tools/venv.sh run

assets: venv ## style sheet, script, icons: built with Node from a wheel; compiled translations
	@$(PY) tools/build_assets.py
	@$(PY) tools/messages.py build

messages: venv ## find the messages of the interface and bring its translations up to date
	@$(PY) tools/messages.py update
	@$(PY) tools/messages.py build

.PHONY: venv-test assets-test
venv-test:
	@sh tools/venv.sh test

assets-test: venv-test
	@$(PY) tools/build_assets.py
	@$(PY) tools/messages.py build
