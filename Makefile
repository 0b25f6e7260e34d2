# `make demo` and `make test` need only Python 3.10+; the rest is installed into this folder.
PYTHON ?= python3
PORT ?= 8000
newest = $$($(PYTHON) scripts/environment.py newest)
fast = -q -n auto --maxprocesses 4 -m "not servers and not browser"

.PHONY: help demo test test-fast test-lts bench lint format types wheel-check widget lock clean

help: ## show this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /	/' | expand -t 14

demo: ## serve the documentation with the chat on every page; PORT=8000
	@python=$$($(PYTHON) scripts/environment.py demo) && exec $$python demo/serve.py --port $(PORT)

test: ## the whole suite, on the newest Django and on the oldest
	@$(PYTHON) scripts/run_tests.py $(ARGS)

test-fast: ## the tests for while you work: no servers, no browser
	@python=$(newest) && $$python -m pytest $(fast) $(ARGS)

test-lts: ## the tests of test-fast, on Django 5.2
	@python=$$($(PYTHON) scripts/environment.py lts) && \
	$$python -m pytest $(fast) $(ARGS)

bench: ## the benchmarks, a short version; ARGS="--url http://127.0.0.1:8001/chat/" for another chat
	@python=$(newest) && $$python benchmarks/run.py --short $(ARGS)

lint: ## ruff: mistakes and formatting
	@python=$(newest) && $$python -m ruff check . && $$python -m ruff format --check .

format: ## mend what ruff can mend
	@python=$(newest) && $$python -m ruff check --fix . && $$python -m ruff format .

types: ## mypy, strict
	@python=$(newest) && $$python -m mypy

wheel-check: ## build wheel and sdist into dist/, and try the wheel in an empty environment
	@$(PYTHON) scripts/wheel_check.py

widget: ## build the widget's one file from its sources; needs Node.js
	cd widget && npm ci && npm run build

lock: ## write the locks in requirements/ anew, with the newest releases
	@$(PYTHON) scripts/lock.py

clean: ## delete the environments and what was built
	rm -rf .venv .venv-* dist demo/*.sqlite3*
