# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine's hardware, and the build of PyTorch that suits it."""

from __future__ import annotations

import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ..child_process import without_window
from ..errors import Code, TttlrmError

PYTORCH = "https://download.pytorch.org/whl/"
SUPPORTED = {("Linux", "x86_64"), ("Windows", "AMD64"), ("Darwin", "arm64")}
# For CUDA 13 and 12: the oldest driver, the oldest and newest GPUs that PyTorch 2.13 supports, and its index.
CUDA = (((580,), (7, 5), (99,), "cu130"), ((528,), (5, 0), (9, 99), "cu126"))
ROCM = "rocm7.2"
PATIENCE = 30.0  # seconds


@dataclass(frozen=True)
class Gpu:
    """Driver version and compute capability of an NVIDIA card."""

    driver: tuple[int, ...]  # such as 580, 65, 6
    capability: tuple[int, ...]  # such as 8, 6


@dataclass(frozen=True)
class Machine:
    """The facts that determine the build of PyTorch."""

    system: str  # from `platform.system`
    processor: str  # from `platform.machine`
    gpus: tuple[Gpu, ...] = ()
    rocm: bool = False


@dataclass(frozen=True)
class Build:
    """A build of PyTorch."""

    kind: str  # "cpu", "cuda", "rocm" or "metal"
    name: str = ""  # of its index at PyTorch, and its wheels' local version, such as "cpu" in 2.13.0+cpu; empty for PyPI

    @property
    def index(self) -> str:
        """Its package index; empty for PyPI."""
        return PYTORCH + self.name if self.name else ""


def choose_build(machine: Machine, wanted: str = "auto") -> Build:
    """Choose the build for a machine, or the wanted one. Raises `TttlrmError` ("no_build") if there is none."""
    if (machine.system, machine.processor) not in SUPPORTED:
        raise _no_build("PyTorch has no build for {} on {}.", machine.system, machine.processor)
    if wanted not in _possible(machine.system):
        raise _no_build("PyTorch has no build called {} for {}.", wanted, machine.system)
    if machine.system == "Darwin":
        return Build("metal")
    cuda = _newest_cuda(machine.gpus)
    kind = wanted if wanted != "auto" else "cuda" if cuda else "rocm" if _has_rocm(machine) else "cpu"
    if kind == "cuda":
        name = cuda or CUDA[0][-1]
        return Build(kind, "" if (machine.system, name) == ("Linux", "cu130") else name)
    if kind == "rocm":
        return Build(kind, ROCM)
    return Build(kind, "cpu" if machine.system == "Linux" else "")


def look() -> Machine:
    """This machine."""
    return Machine(platform.system(), platform.machine(), _gpus(), bool(shutil.which("rocminfo")) or Path("/opt/rocm").is_dir())


def read_gpus(answer: str) -> tuple[Gpu, ...]:
    """Parse the cards in nvidia-smi's output, a line "580.65.06, 9.0" for each; other lines are ignored."""
    gpus = []
    for line in answer.splitlines():
        driver, _, capability = line.partition(",")
        try:
            gpus.append(Gpu(_numbers(driver), _numbers(capability)))
        except ValueError:
            continue
    return tuple(gpus)


def _possible(system: str) -> tuple[str, ...]:
    """The builds available for a system."""
    if system == "Darwin":
        return ("auto", "cpu")  # the same build, with Metal
    return ("auto", "cpu", "cuda", "rocm") if system == "Linux" else ("auto", "cpu", "cuda")


def _newest_cuda(gpus: tuple[Gpu, ...]) -> str:
    """The newest CUDA that one of the cards supports; empty for none."""
    for driver, oldest, newest, name in CUDA:
        if any(gpu.driver >= driver and oldest <= gpu.capability <= newest for gpu in gpus):
            return name
    return ""


def _has_rocm(machine: Machine) -> bool:
    return machine.rocm and machine.system == "Linux"


def _gpus() -> tuple[Gpu, ...]:
    command = ["nvidia-smi", "--query-gpu=driver_version,compute_cap", "--format=csv,noheader"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, **without_window())
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return read_gpus(run.stdout) if run.returncode == 0 else ()


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.strip().split("."))


def _no_build(template: str, *values: str) -> TttlrmError:
    hint = "Use a worker on another machine, or a Python with manually installed packages."
    return TttlrmError(template, *values, hint=hint, code=Code.NO_BUILD)
