# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters of splats on the GPU, with their optimizer, mean and least sizes."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ...render.convention import NEAR
from ...render.webgpu import Array, Device, Passes
from ...render.webgpu.rasterizer import ROW, Rasterizer
from ..parameters import BETAS, EPSILON, MIN_DC, Parameters
from ..resolution import MARGIN, VARIANCE
from .programs import program

COLUMNS = {"means": slice(0, 3), "logits": slice(3, 4), "quats": slice(4, 8), "log_scales": slice(8, 11)}  # of a row
LEAST = 11  # the column of the least size
FARTHEST = 3e38  # depth, divided by the focal length, of what no photo sees
ADAM: dict[str, Any] = {"BETA1": BETAS[0], "BETA2": BETAS[1], "EPSILON": EPSILON}


class Splats:
    """N splats, drawn as `drawn` [N, 12] with harmonics `sh` [N, stored, 3]; see render/webgpu."""

    def __init__(self, gpu: Device, parameters: Parameters) -> None:
        """Copies of the parameters and of their moments."""
        self.gpu, count = gpu, len(parameters)
        rows, sh = _rows(parameters.leaves)
        rows[:, LEAST] = parameters.least.numpy()
        moments = [_rows({name: pair[which] for name, pair in parameters.moments.items()}) for which in range(2)]
        self.raw, self.sh = gpu.array(rows), gpu.array(sh)
        self.moments = [[gpu.array(values) for values in kind] for kind in zip(*moments, strict=True)]  # of rows, and of sh
        self.drawn, self.g_drawn, self.g_sh = gpu.empty((count, ROW)), gpu.empty((count, ROW)), gpu.empty(sh.shape)
        self.pulls = gpu.empty((count, 2))  # sums of lengths of gradients of screen positions, and how often splats were drawn
        self.means: list[Array] = []  # of `raw` and `sh`

    def activate(self, passes: Passes) -> None:
        """Fill `drawn`, and gradients with zeros."""
        activate = program(self.gpu, "sizes.wgsl", "activate.wgsl")
        for part in self.gpu.parts(self.raw, self.drawn):
            passes.run(activate, part, self.gpu.groups(part[0].count))
        passes.clear(self.g_drawn)
        passes.clear(self.g_sh)

    def step(self, passes: Passes, now: Array, raster: Rasterizer) -> None:
        """One step of Adam with the gradients `g_drawn` and `g_sh`, if there was room for what was drawn."""
        rows = program(self.gpu, "step.wgsl", "adam.wgsl", "sizes.wgsl", "rows.wgsl", **ADAM)
        for part in self.gpu.parts(self.raw, self.g_drawn, *self.moments[0], raster.g_means2d, raster.radii, self.pulls):
            passes.run(rows, [now, *part, raster.number], self.gpu.groups(part[0].count))
        stored = self.sh.shape[1]
        harmonics = program(self.gpu, "step.wgsl", "adam.wgsl", "harmonic_rows.wgsl", **ADAM, STORED=stored, MIN_DC=MIN_DC)
        for part in self.gpu.parts(self.sh, self.g_sh, *self.moments[1]):
            passes.run(harmonics, [now, *part, raster.number], self.gpu.groups(3 * stored * part[0].count))

    def average(self, passes: Passes, share: Array) -> None:
        """Count the current splats in their mean, with the share [1] that they have in it."""
        if not self.means:
            self.means = [self.gpu.empty(self.raw.shape), self.gpu.empty(self.sh.shape)]
        average = program(self.gpu, "average.wgsl")
        for values, mean in zip((self.raw, self.sh), self.means, strict=True):
            for part in self.gpu.parts(values, mean):
                passes.run(average, [share, *part], self.gpu.groups(part[0].size // 4))

    def measure(self, passes: Passes, cameras: Array) -> None:
        """Find the least sizes, from cameras [V, 20] as the rasterizer has them."""
        constants = {"FARTHEST": FARTHEST, "NEAR": NEAR, "MARGIN": MARGIN, "DEVIATION": VARIANCE**0.5}
        least = program(self.gpu, "least.wgsl", **constants)
        for part in self.gpu.parts(self.raw):
            passes.run(least, [cameras, *part], self.gpu.groups(part[0].count))

    def read(self, parameters: Parameters, moments: bool = False, mean: bool = False) -> None:
        """Copy the current values, or their mean, into parameters of as many splats, and the moments if wanted.

        Either all or nothing changes.
        """
        rows, sh = (array.read() for array in (self.means if mean else (self.raw, self.sh)))
        found = [[array.read() for array in kind] for kind in self.moments] if moments else []
        parameters.least = torch.from_numpy(rows[:, LEAST].copy())
        with torch.no_grad():
            _put(rows, sh, parameters.leaves)
            for which, (values, harmonics) in enumerate(zip(*found, strict=True)):
                _put(values, harmonics, {name: pair[which] for name, pair in parameters.moments.items()})


def _rows(tensors: dict[str, torch.Tensor]) -> tuple[np.ndarray, np.ndarray]:
    """Tensors of N splats by name as rows [N, 12] and harmonics [N, stored, 3]."""
    rows = np.zeros((len(tensors["means"]), ROW), np.float32)
    for name, columns in COLUMNS.items():
        rows[:, columns] = tensors[name].detach().numpy().reshape(len(rows), -1)
    return rows, torch.cat([tensors["dc"], tensors["rest"]], 1).detach().numpy()


def _put(rows: np.ndarray, sh: np.ndarray, tensors: dict[str, torch.Tensor]) -> None:
    """The way back from `_rows`."""
    for name, columns in COLUMNS.items():
        tensors[name].copy_(torch.from_numpy(rows[:, columns].copy()).reshape(tensors[name].shape))
    tensors["dc"].copy_(torch.from_numpy(sh[:, :1].copy()))
    tensors["rest"].copy_(torch.from_numpy(sh[:, 1:].copy()))
