# `make up` needs Python 3.11 or newer with venv, and nothing else. Another Python: make PYTHON=python3.12 up
PYTHON ?= python3

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z -]+:.*## / {printf "  make %-27s %s\n", $$1, $$2}' Makefile

up: ## run the whole product here; Ctrl-C stops it and loses nothing
	@$(PYTHON) dev.py up

test: ## lint, types, import contracts and the tests, on private stores; about six minutes
	@$(PYTHON) dev.py test

test-one: env ## one file of tests: make test-one FILE=tests/unit/test_money.py
	@test -n "$(FILE)" || { echo 'make test-one FILE=tests/unit/test_money.py' >&2; exit 2; }
	@.venv/bin/python -m pytest -p no:cacheprovider $(FILE)

env: ## the environment that tests and tools need; done already: a moment
	@$(PYTHON) -c 'import dev; dev.make_environment("local", "test")'

check-error: openapi ## after adding one: the document and the pages know it
	@$(MAKE) --no-print-directory test-one FILE="tests/test_documented.py tests/service/test_document.py"

check-setting: ## after adding one: the documents know it
	@$(MAKE) --no-print-directory test-one FILE=tests/test_documented.py

check-route: openapi ## after adding one: the document is written anew, the pages and its readers know it
	@$(MAKE) --no-print-directory test-one FILE="tests/test_documented.py tests/service/test_document.py"

check-migration: ## after adding one: the migrations build what the tables describe
	@$(MAKE) --no-print-directory test-one FILE=tests/jobs/test_tables.py

check-model: ## after adding one: the catalogue reads it, and its prices follow from what it says
	@$(MAKE) --no-print-directory test-one FILE=tests/unit/test_catalogue.py

check-event: ## after adding a metric or an event of the log: the operations page explains it
	@$(MAKE) --no-print-directory test-one FILE=tests/test_documented_operations.py

migration: env ## a new file for one: make migration NAME="pictures have tags"
	@test -n "$(NAME)" || { echo 'make migration NAME="what it brings"' >&2; exit 2; }
	@.venv/bin/python -m alembic revision --message "$(NAME)" \
	  --rev-id "$$(printf %04d $$(($$(ls shared/migrations/versions | grep -c '^[0-9]') + 1)))"

test-slow: ## what takes long, or needs root, Debian's packages or many servers
	@$(PYTHON) dev.py test-slow

matrix: ## the two commands of the README on clean Debian 12, 13 and testing, as root and as a user; by hand, needs root
	@$(PYTHON) dev.py matrix

chaos: ## kill real processes at random and check that no job is lost
	@$(PYTHON) dev.py chaos

bench: ## measure this machine: ours beside bare servers
	@$(PYTHON) dev.py bench

openapi: env ## write gateway/docs/openapi.json anew from the routes, and the front end's types from it
	@.venv/bin/python -m deploy.openapi
	@cd gateway/web && PATH="$(CURDIR)/.venv/bin:$$PATH" npm run --silent types

lock: ## compile both lock files again from pyproject.toml
	@$(PYTHON) dev.py lock

remove: ## remove the data too, wherever it lies: says where, and asks
	@$(PYTHON) dev.py remove

clean: ## remove what was built; the data stays, `make remove` says where and takes it
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis gateway/web/node_modules gateway/web/types/node_modules gateway/web/dist gateway/web/.built

.PHONY: help up env test test-one check-setting check-error check-route check-migration check-model check-event migration test-slow matrix chaos bench openapi lock remove clean
