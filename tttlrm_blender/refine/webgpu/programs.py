# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs of this room, and what they read that changes in every step."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...render.webgpu import Device, Program
from ...render.webgpu.program import Constant
from ..parameters import BETAS

FOLDER = Path(__file__).parent
FLOATS, ROOM = 16, 14  # of a step, and the place of the room in it
ORDER = "means", "logits", "quats", "log_scales", "dc", "rest"


def program(gpu: Device, *files: str, entry: str = "main", **constants: Constant) -> Program:
    """The program of some WGSL files of this room with constants; see `Device.program`."""
    return gpu.program("index.wgsl", *(str(FOLDER / file) for file in files), entry=entry, **constants)


def step_row(
    background: np.ndarray,  # [3]
    size: tuple[int, int],  # width and height of the picture
    known_size: tuple[int, int],  # and of the map of known depth
    rates: dict[str, float],  # of `Parameters.rates`
    steps: int,  # with this one
    room: int,  # for pairs of splats and tiles
) -> np.ndarray:
    """A step as the programs read it (step.wgsl): [16] float32."""
    first, root = 1 - BETAS[0] ** steps, (1 - BETAS[1] ** steps) ** 0.5
    row = np.array([*background, root, *size, *known_size, *(rates[name] / first for name in ORDER), 0, 0], np.float32)
    row.view(np.uint32)[ROOM] = room
    return row
