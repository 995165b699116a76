# SPDX-License-Identifier: GPL-3.0-or-later
"""The hardware and software of this machine for drawing and training."""

from __future__ import annotations

import importlib
import os
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from ..errors import Text, text


def torch_facts() -> dict[str, Any]:
    """The version of torch, the GPUs it is built for, and its number of threads."""
    built = f"CUDA {torch.version.cuda}" if torch.version.cuda else f"ROCm {torch.version.hip}" if torch.version.hip else ""
    return {"version": torch.__version__, "built_for": built or "processors only", "threads": torch.get_num_threads()}


def devices() -> list[dict[str, Any]]:
    """The CPU and the GPUs that torch sees, with total and, for GPUs, free memory in bytes; None where unknown."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else None
    found: list[dict[str, Any]] = [{"device": "cpu", "name": f"{os.cpu_count()} cores", "memory": pages, "free": None}]
    for index in range(torch.cuda.device_count()):
        free, memory = torch.cuda.mem_get_info(index)
        found.append({"device": f"cuda:{index}", "name": torch.cuda.get_device_name(index), "memory": memory, "free": free})
    return found


def total_memory(kind: str) -> int | None:
    """All memory in bytes of the first device of a kind, "cpu" or "cuda"; None where unknown."""
    return next((found["memory"] for found in devices() if found["device"].startswith(kind)), None)


def fault(kind: str) -> Text:
    """Why the processor ("cpu") or CUDA ("cuda") cannot draw splats here, as a sentence; an empty text if it can."""
    return _import_fault("numba") if kind == "cpu" else _cuda_fault() or _import_fault("gsplat") or _compiler_fault()


def cuda_name() -> str:
    """The name of the GPU that CUDA uses."""
    return torch.cuda.get_device_name()


def _cuda_fault() -> Text:
    if torch.cuda.is_available():
        return Text()
    return text("PyTorch sees no NVIDIA GPU.") if torch.version.cuda else text("PyTorch is built without CUDA.")


def _compiler_fault() -> Text:
    """Why gsplat's kernels are neither compiled nor can be."""
    spec = find_spec("gsplat")
    folders = [Path(folder) for folder in (spec and spec.submodule_search_locations) or []]
    if any(folder.glob(f"csrc*{ending}") for folder in folders for ending in (".so", ".pyd")):  # a wheel with kernels
        return Text()
    home = os.environ.get("CUDA_HOME") or os.environ.get("CUDA_PATH") or "/usr/local/cuda"
    if shutil.which("nvcc") or shutil.which("nvcc", path=Path(home) / "bin"):
        return Text()
    return text("gsplat is not compiled, and there is no CUDA toolkit to compile it.")


def _import_fault(package: str) -> Text:
    try:
        importlib.import_module(package)
    except Exception as error:  # broken installations raise all kinds of exceptions
        return text("{} does not load ({}).", package, str(error) or type(error).__name__)
    return Text()
