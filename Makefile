# `make demo` and `make test` need only Python 3.10+; the rest is installed into this folder.
PYTHON ?= python3
PORT ?= 8000
newest = $$($(PYTHON) scripts/environment.py newest)
fast = -q -n auto --maxprocesses 4 -m "not servers and not browser and not long"

.PHONY: help demo test test-all test-nightly test-fast coverage bench lint format types wheel-check package-check release-check audit models licences docs docs-links widget pictures messages lock clean

help: ## show this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /	/' | expand -t 16

demo: ## serve the documentation with the chat on every page; PORT=8000
	@python=$$($(PYTHON) scripts/environment.py demo) && exec $$python demo/serve.py --port $(PORT)

test: ## what a change can break, on the newest Django, with what this machine has
	@$(PYTHON) scripts/run_tests.py $(ARGS)

test-all: ## also every Django, database and server, and long series
	@$(PYTHON) scripts/run_tests.py --all $(ARGS)

test-nightly: ## what takes minutes or measures time
	@$(PYTHON) scripts/run_tests.py --nightly $(ARGS)

test-fast: ## the tests for while you work: no servers, no browser
	@python=$(newest) && $$python -m pytest $(fast) $(ARGS)

coverage: ## line and branch coverage of `make test`'s tests, processes included
	@python=$(newest) && $$python -m coverage erase && \
	{ $$python -m coverage run -m pytest -q -n 2 --dist loadfile -m "not long" $(ARGS); \
	$$python scripts/combine_coverage.py; }

bench: ## the benchmarks, a short version; ARGS="--url http://127.0.0.1:8001/chat/" for another chat
	@python=$(newest) && $$python benchmarks/run.py --short $(ARGS)

lint: ## mistakes, formatting, what may import what, spelling
	@python=$(newest) && $$python -m ruff check . && $$python -m ruff format --check . && \
	$$python -c "from importlinter.cli import lint_imports_command as run; run(['--no-logo'])" && \
	$$python -m codespell_lib

format: ## mend what ruff can mend
	@python=$(newest) && $$python -m ruff check --fix . && $$python -m ruff format .

types: ## mypy, strict
	@python=$(newest) && $$python -m mypy

wheel-check: ## build wheel and sdist into dist/, and try the wheel in an empty environment
	@$(PYTHON) scripts/wheel_check.py

package-check: ## check the metadata, the files in dist/ and the workflows; after wheel-check
	@$(PYTHON) scripts/package_check.py

release-check: ## list what a release still lacks
	@python=$(newest) && $$python scripts/release_check.py

audit: ## look for known vulnerabilities in the locked dependencies; needs the network
	@python=$$($(PYTHON) scripts/environment.py release) && $$python -m pip_audit --strict \
	--disable-pip --require-hashes $(foreach lock,newest docs release,-r requirements/$(lock).txt) && \
	cd widget && npm audit

models: ## compare the catalog of Claude's models with the SDK's; ARGS=--newest for the newest SDK
	@python=$(newest) && $$python scripts/models.py $(ARGS)

licences: ## write requirements/licences.md
	@python=$(newest) && $$python scripts/licences.py

docs: ## build the documentation site into docs/_build/html, with warnings as errors
	@python=$$($(PYTHON) scripts/environment.py docs) && \
	$$python -m sphinx -W --keep-going -q -b html docs docs/_build/html

docs-links: ## try all links of the documentation to other sites; needs the network
	@python=$$($(PYTHON) scripts/environment.py docs) && \
	$$python -m sphinx -W --keep-going -q -b linkcheck docs docs/_build/linkcheck

widget: ## build the widget's files from its sources; needs Node.js
	cd widget && npm ci && npm run build

pictures: ## take the widget's pictures in docs/images/ anew; needs Chromium
	@python=$(newest) && PYTHONPATH=src $$python scripts/pictures.py

messages: ## write the catalogs of src/sitechat/locale anew and compile them; needs GNU gettext
	@python=$(newest) && $$python scripts/messages.py

lock: ## write the locks in requirements/ anew, with the newest releases
	@$(PYTHON) scripts/lock.py

clean: ## delete the environments and what was built
	rm -rf .venv .venv-* dist docs/_build .coverage* demo/*.sqlite3*
