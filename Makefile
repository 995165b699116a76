# The commands for daily work. `make help` lists them.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
# On Linux without a GPU, TORCH="torch==2.13.0+cpu --index-url https://download.pytorch.org/whl/cpu" saves gigabytes.
TORCH ?= torch==2.13.0
# The bpy module exists for Python 3.11 only: with other versions, everything but the Blender side is set up.
BPY := $(shell $(PYTHON) -c 'import sys; print(",blender" if sys.version_info[:2] == (3, 11) else "")')
INSTALL := -m pip install --quiet --disable-pip-version-check
PIP := $(BIN)/python $(INSTALL)
# Other Blenders for the tests: the oldest supported one, and newer ones, which need another Python.
OLD := .venv-4.2
NEW := .venv-5.2.3 .venv-5.3.0
NEW_PYTHON ?= python3.13
# Spinning threads slow down a busy machine tenfold.
export OMP_WAIT_POLICY := passive

# GPU training: minutes of this sitting, and of all sittings together, which determine the learning rate schedule.
MINUTES ?= 9
TOTAL ?= $(MINUTES)

# Wheelhouse: which build of PyTorch (auto, cpu, cuda or rocm).
BUILD ?= auto

# Guide and template: the command that starts a Blender with a window of 1280 x 800.
BLENDER ?= blender
# Guide: the folder with the photos; without one, those that `make demo` takes of Suzanne.
PHOTOS ?=

.PHONY: help setup test test-fast coverage test-blender-all bench demo extension release wheelhouse lock plan guide template gpu-check train-gpu

help:  ## list the commands
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/'

setup: $(VENV)/.ready  ## create .venv with everything

$(VENV)/.ready: pyproject.toml
	tools/system_packages.sh
	$(PYTHON) -m venv $(VENV)
	$(PIP) $(TORCH)
	$(PIP) -e '.[dev$(BPY)]'
	touch $@

$(OLD)/.ready: $(VENV)/.ready
	$(PYTHON) -m venv $(OLD)
	$(OLD)/bin/python $(INSTALL) --no-deps bpy==4.2.23
	$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > $$(echo $(OLD)/lib/python*/site-packages)/rest.pth
	touch $@

.venv-5.%/.ready: $(VENV)/.ready
	$(NEW_PYTHON) -m venv $(@D)
	$(@D)/bin/python $(INSTALL) bpy==5.$* pytest pytest-timeout hypothesis psutil websockets filelock cryptography pillow pillow-heif tifffile scipy markdown-it-py mdit-py-plugins
	touch $@

test: setup $(if $(BPY),$(OLD)/.ready)  ## check style and types, then run all tests, those of the Blender side in 4.2 and 5.0
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -q
	$(if $(BPY),$(OLD)/bin/python -m pytest -q tests/operators)

test-fast: setup  ## the tests that are not marked slow, for daily work: under three minutes
	$(BIN)/pytest -q -m "not slow"

coverage: setup  ## measure which lines of each room the tests run, Blender 5.0 included, for the table in CONTRIBUTING.md
	rm -rf out/coverage
	$(BIN)/coverage run -m pytest -q
	$(BIN)/coverage combine --quiet
	$(BIN)/python -m tools.coverage_table

test-blender-all: test $(NEW:=/.ready)  ## the same, and the Blender side in 5.2 and 5.3 too, which need Python 3.13: NEW_PYTHON=python3.13
	for new in $(NEW); do TTTLRM_PYTHON=$(CURDIR)/$(BIN)/python $$new/bin/python -m pytest -q tests/operators || exit 1; done

bench: setup  ## run the quick benchmarks, in under ten minutes on two cores: out/bench.md
	$(BIN)/python -m benchmarks

demo: setup  ## photograph a scene in Blender, reconstruct it and show it in Blender: out/demo.blend and out/demo.png
	$(BIN)/python -m tools.inside.demo

extension: setup  ## build the extension for Blender and check it: dist/tttlrm-<version>.zip
	$(BIN)/python -m tools.build_extension

release: setup  ## build dist/: a repository with the zip, from which Blender can update, and the engine's wheel and sdist
	$(BIN)/python -m tools.release

wheelhouse: setup  ## download everything that *Install the Engine* installs, for this machine and the Python of .venv, into wheelhouse/: BUILD=auto
	$(BIN)/python -m tools.wheelhouse wheelhouse --build $(BUILD)

lock: setup  ## update the pinned packages of *Install the Engine*: the newest compatible versions, with hashes
	$(BIN)/python -m tools.lock_requirements

plan: setup  ## update the plan of rooms in docs/architecture.md
	$(BIN)/python -m tools.plan

guide: setup  ## retake the pictures of docs/guide in a Blender with a window: BLENDER="xvfb-run -a blender" PHOTOS=FOLDER
	$(BIN)/python -m tools.guide --blender "$(BLENDER)" --docs docs/guide $(if $(PHOTOS),--photos "$(PHOTOS)")

template: setup $(OLD)/.ready  ## rebuild the scene behind File > New > tttLRM: BLENDER="xvfb-run -a blender"
	$(BIN)/python -m tools.template --blender "$(BLENDER)" --oldest $(OLD)/bin/python

gpu-check:  ## on a machine with a GPU, with PYTHON's own torch: compare back ends and precisions, and time the paper's sizes
	$(PYTHON) -m benchmarks.gpu_check

train-gpu:  ## on a CUDA machine, with PYTHON's own torch: train for MINUTES of TOTAL, or resume: training/gpu.safetensors
	mkdir -p training
	TORCH_EXTENSIONS_DIR=$(CURDIR)/training/extensions $(PYTHON) -m tttlrm_blender.train --network large --device cuda --bfloat16 \
		--loaders $$(($$(nproc) > 3 ? $$(nproc) - 2 : 1)) --minutes $(TOTAL) --sitting $(MINUTES) --save-every 1 \
		--stages views=0.15,depth=0.25,splats=0.5,chunks=0.1 --tokens 16384 --rate 1e-3 \
		--state training/gpu.pt --out training/gpu.safetensors
