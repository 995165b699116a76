# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of a refinement on the GPU, and which refinements are made so."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...errors import TttlrmError, text
from ...gaussians.gaussians import Gaussians
from ...progress import Report
from ...protocol.settings import RefineSettings
from ...render.choice import drawing_backend, give_up
from ...render.webgpu import Device
from ...render.webgpu.device import shared_device
from ...render.webgpu.rasterizer import SUMS
from ..stepper import Moment, Stepper, TorchStepper
from .loss import largest_picture
from .work import Work

FLOAT = 4  # bytes


def fastest(plain: TorchStepper, settings: RefineSettings, report: Report) -> Stepper:
    """Steps on the GPU where WebGPU draws and they can be made there, otherwise those by torch."""
    kind, _, name = drawing_backend().partition(":")
    if kind != "webgpu":
        return plain
    try:
        gpu = shared_device(name)
        return GpuStepper(plain, gpu, report) if can_step(gpu, plain, settings) else plain
    except TttlrmError as error:
        give_up(error)
        return plain


def can_step(gpu: Device, plain: TorchStepper, settings: RefineSettings) -> bool:
    """Whether the GPU can make the steps: it knows neither corrections of poses, nor what makes splats surfaces, nor relocation,
    nor photos larger than its bindings."""
    pixels = plain.gradients.photos.images[0, ..., 0].size
    return not settings.poses and not settings.surface and settings.densify == "split" and pixels <= largest_picture(gpu)


class GpuStepper:
    """Steps on the GPU. The number of splats follows by torch, in rounds between which they stay there.

    If the GPU fails, torch goes on from the last splats that were read.
    """

    def __init__(self, plain: TorchStepper, gpu: Device, report: Report) -> None:
        """Take over from torch."""
        self.plain, self.gpu = plain, gpu
        self._limit(report)
        with gpu.lock:
            self._work: Work | None = Work(gpu, plain)

    def step(self, moment: Moment) -> None:
        """See `Stepper`."""
        if not self._tried(lambda work: work.step(moment)):
            self.plain.step(moment)

    def to_numpy(self) -> Gaussians[np.ndarray]:
        """See `Stepper`."""
        self._tried(Work.read)
        return self.plain.to_numpy()

    def mean(self) -> Gaussians[np.ndarray]:
        """See `Stepper`."""
        return self.plain.to_numpy() if self._tried(Work.read_mean) else self.plain.mean()

    def _tried(self, make: Callable[[Work], None]) -> bool:
        """Whether the GPU did something; if it fails, it is given up."""
        if self._work is None:
            return False
        try:
            with self.gpu.lock:
                make(self._work)
        except TttlrmError as error:
            self._work = None
            give_up(error)
        return self._work is not None

    def _limit(self, report: Report) -> None:
        """Grow to no more splats than the GPU's arrays can hold."""
        growth, most = self.plain.growth, most_splats(self.gpu, 1 + self.plain.parameters["rest"].shape[1])
        if growth.goal > most:
            growth.goal = most
            report.note(text("The GPU’s buffers hold {:,} splats at most; more were wanted.", most))


def most_splats(gpu: Device, stored: int) -> int:
    """Splats with so many stored harmonics that the GPU's arrays and bindings can hold."""
    return min(gpu.largest_binding // (SUMS * FLOAT), gpu.largest_buffer // (stored * 3 * FLOAT))
