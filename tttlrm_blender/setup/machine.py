# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine has to compute with, and the build of PyTorch that suits it."""

from __future__ import annotations

import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ..errors import Code, TttlrmError
from .process import hidden

PYTORCH = "https://download.pytorch.org/whl/"
SUPPORTED = {("Linux", "x86_64"), ("Windows", "AMD64"), ("Darwin", "arm64")}
# For CUDA 13 and 12: the oldest driver, the oldest and the newest GPUs that PyTorch 2.13 is built for, and the index.
CUDA = (((580,), (7, 5), (99,), "cu130"), ((528,), (5, 0), (9, 99), "cu126"))
PATIENCE = 30.0  # seconds


@dataclass(frozen=True)
class Gpu:
    """An NVIDIA card, in numbers that compare."""

    driver: tuple[int, ...]  # such as 580, 65, 6
    capability: tuple[int, ...]  # such as 8, 6


@dataclass(frozen=True)
class Machine:
    """What decides about the build of PyTorch."""

    system: str  # as `platform.system` calls it
    processor: str  # as `platform.machine` calls it
    gpus: tuple[Gpu, ...] = ()
    rocm: bool = False


@dataclass(frozen=True)
class Build:
    """A build of PyTorch."""

    kind: str  # "cpu", "cuda", "rocm" or "metal"
    index: str = ""  # the package index that has it; empty for the usual one, whose hashes are known


def choose_build(machine: Machine, wanted: str = "auto") -> Build:
    """The build that suits a machine, or the wanted one. Raises `TttlrmError` ("no_build") where there is none."""
    if (machine.system, machine.processor) not in SUPPORTED:
        raise _no_build("PyTorch has no build for {} on {}.", machine.system, machine.processor)
    if wanted not in _possible(machine.system):
        raise _no_build("PyTorch has no build called {} for {}.", wanted, machine.system)
    if machine.system == "Darwin":
        return Build("metal")
    cuda = _cuda_index(machine.gpus)
    kind = wanted if wanted != "auto" else "cuda" if cuda else "rocm" if _has_rocm(machine) else "cpu"
    if kind == "cuda":
        index = cuda or CUDA[0][-1]
        return Build(kind, "" if (machine.system, index) == ("Linux", "cu130") else PYTORCH + index)
    if kind == "rocm":
        return Build(kind, PYTORCH + "rocm7.2")
    return Build(kind, PYTORCH + "cpu" if machine.system == "Linux" else "")


def look() -> Machine:
    """This machine."""
    return Machine(platform.system(), platform.machine(), _gpus(), bool(shutil.which("rocminfo")) or Path("/opt/rocm").is_dir())


def read_gpus(answer: str) -> tuple[Gpu, ...]:
    """The cards in an answer of nvidia-smi, a line "580.65.06, 9.0" for each; lines that say something else are passed over."""
    gpus = []
    for line in answer.splitlines():
        driver, _, capability = line.partition(",")
        try:
            gpus.append(Gpu(_numbers(driver), _numbers(capability)))
        except ValueError:
            continue
    return tuple(gpus)


def _possible(system: str) -> tuple[str, ...]:
    """The builds that a system may have."""
    if system == "Darwin":
        return ("auto", "cpu")  # one and the same, with Metal
    return ("auto", "cpu", "cuda", "rocm") if system == "Linux" else ("auto", "cpu", "cuda")


def _cuda_index(gpus: tuple[Gpu, ...]) -> str:
    """The newest CUDA that one of the cards runs; empty for none."""
    for driver, oldest, newest, index in CUDA:
        if any(gpu.driver >= driver and oldest <= gpu.capability <= newest for gpu in gpus):
            return index
    return ""


def _has_rocm(machine: Machine) -> bool:
    return machine.rocm and machine.system == "Linux"


def _gpus() -> tuple[Gpu, ...]:
    command = ["nvidia-smi", "--query-gpu=driver_version,compute_cap", "--format=csv,noheader"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, **hidden())
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return read_gpus(run.stdout) if run.returncode == 0 else ()


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.strip().split("."))


def _no_build(template: str, *values: str) -> TttlrmError:
    hint = "Use a worker on another machine, or a Python with manually installed packages."
    return TttlrmError(template, *values, hint=hint, code=Code.NO_BUILD)
