# The commands a person types. `make help` lists them.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
# On Linux without a GPU, TORCH="torch==2.13.0 --extra-index-url https://download.pytorch.org/whl/cpu" saves gigabytes.
TORCH ?= torch==2.13.0
# The bpy module exists for one Python only: elsewhere everything but the Blender side is set up.
BPY := $(shell $(PYTHON) -c 'import sys; print(",blender" if sys.version_info[:2] == (3, 11) else "")')
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
# Threads that spin slow a busy machine tenfold.
export OMP_WAIT_POLICY := passive

.PHONY: help setup test demo extension gpu-check

help:  ## list the commands
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/'

setup: $(VENV)/.ready  ## make .venv with everything

$(VENV)/.ready: pyproject.toml
	tools/system_packages.sh
	$(PYTHON) -m venv $(VENV)
	$(PIP) $(TORCH)
	$(PIP) -e '.[dev$(BPY)]'
	touch $@

test: setup  ## check style and types, then run the tests
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -q

demo: setup  ## photograph a scene in Blender, reconstruct it, bring it back: out/demo.blend and out/demo.png
	$(BIN)/python -m operators.demo

extension: setup  ## build dist/tttlrm-<version>.zip for Blender and check it
	$(BIN)/python tools/build_extension.py

gpu-check:  ## on a CUDA machine, with PYTHON's own torch: back ends and precisions compared, timings at the paper's sizes
	$(PYTHON) -m benchmarks.gpu_check
