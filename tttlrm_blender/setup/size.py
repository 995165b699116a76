# SPDX-License-Identifier: GPL-3.0-or-later
"""How much an installation of the engine downloads."""

from __future__ import annotations

from .machine import ROCM, Build, choose_build, look

# Megabytes of all wheels for Python 3.11, by system. Those on PyPI were added up from the lock file of the pinned packages; those
# of the builds on PyTorch's own index are estimates.
PACKAGES = {"Linux": 272, "Windows": 208, "Darwin": 190}
TORCH = {
    ("Linux", "cpu"): 190,
    ("Linux", ""): 2730,  # with CUDA 13.0
    ("Linux", "cu126"): 2700,
    ("Linux", ROCM): 5000,
    ("Windows", ""): 122,
    ("Windows", "cu126"): 2600,
    ("Windows", "cu130"): 2000,
    ("Darwin", ""): 111,
}


def megabytes(system: str, build: Build) -> int:
    """About how many megabytes have to be downloaded on a system (`platform.system`), in two digits."""
    whole = PACKAGES[system] + TORCH[system, build.name]
    step = 10 ** (len(str(whole)) - 2)
    return round(whole / step) * step


def download_size(wanted: str) -> int:
    """The same for this machine and the wanted build. Takes a moment. Raises `TttlrmError` if there is no such build."""
    machine = look()
    return megabytes(machine.system, choose_build(machine, wanted))
