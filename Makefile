# The commands a person types. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TORCH ?= torch==2.13.0
# Threads that spin slow a busy machine tenfold.
export OMP_WAIT_POLICY := passive

.PHONY: help setup test extension lint

help:  ## list the commands
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/'

setup: $(VENV)/.ready  ## make .venv with everything

$(VENV)/.ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check $(TORCH)
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev,blender]'
	touch $@

test: setup  ## check style, then run the tests
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/pytest -q

extension: setup  ## build dist/tttlrm-<version>.zip for Blender and check it
	$(BIN)/python tools/build_extension.py
