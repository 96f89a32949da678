# Every target makes its own virtual environment in .venv and brings its own PostgreSQL.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# One for each processor. More would crowd a server of 100 connections, and the tests that watch the clock.
WORKERS ?= logical
PORT ?= 8000

.PHONY: demo test check format coverage examples chaos bench bench-gallery bench-generations bench-monitoring bench-audit docs bench-web demo-web clean

demo: $(STAMP) ## The main job on real input, as a short story
	$(BIN)/python -m examples.demo

demo-web: $(STAMP) ## A gallery in the browser, with a few thousand characters; PORT=8000
	$(BIN)/python -m examples.gallery_app --port $(PORT)

test: $(STAMP) ## All tests; on DATABASE_URL if it is set, else on an embedded PostgreSQL
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --maxprocesses 4 --dist loadgroup

check: $(STAMP) ## Linters and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python

format: $(STAMP) ## Put the code into its one layout
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

coverage: $(STAMP) ## Which branches no test takes
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage report

examples: ## Every example, from a clean install of the extra that it declares, each in an environment of its own
	$(PYTHON) .ci/clean_installs.py

docs: $(STAMP) ## The docs site, into build/docs
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --doctree-dir build/doctrees docs build/docs

chaos: $(STAMP) ## Half a minute of killed workers and cut connections, and whether each request came to one end
	CHAOS_SECONDS=30 $(BIN)/python -m pytest -s tests/integration/test_chaos.py

bench: $(STAMP) ## Model pages and the quota against bare asyncpg and SQLAlchemy; what counting tags costs
	$(BIN)/python -m benchmarks.pages
	$(BIN)/python -m benchmarks.quota
	$(BIN)/python -m benchmarks.publishing

bench-gallery: $(STAMP) ## The gallery at a million characters against hand-written SQL and the old layer; half an hour
	$(BIN)/python -m benchmarks.gallery --loop asyncio uvloop

bench-generations: $(STAMP) ## The queue against procrastinate and pgqueuer; ten minutes
	$(BIN)/python -m benchmarks.generations

bench-monitoring: $(STAMP) ## What it costs to count every statement
	$(BIN)/python -m benchmarks.monitoring

bench-audit: $(STAMP) ## What the triggers of the audit trail cost
	$(BIN)/python -m benchmarks.audit
bench-web: $(STAMP) ## The FastAPI example under 64 clients; a minute
	$(BIN)/python -m benchmarks.web

clean: ## Remove what the targets made
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $(STAMP)
