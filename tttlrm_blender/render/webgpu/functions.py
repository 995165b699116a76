# SPDX-License-Identifier: GPL-3.0-or-later
"""The two differentiable steps of drawing on a GPU, for torch on the CPU: splats to ellipses, ellipses to pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.autograd.function import once_differentiable

from ...errors import TttlrmError
from ...gaussians.gaussians import Gaussians
from ..convention import Drawing, Views, check_arrays
from . import fallback
from .device import Device, shared_device
from .rasterizer import PLANES, ROW, Rasterizer, view_row

MEAN, OPACITY, QUAT, SCALE = slice(0, 3), 3, slice(4, 8), slice(8, 11)  # columns of a splat's row


def draw(
    gaussians: Gaussians[torch.Tensor],
    views: Views,
    size: tuple[int, int],
    degree: int,
    name: str = "",
    give_up: Callable[[TttlrmError], None] | None = None,
) -> Drawing:
    """Draw splats in float32 on the best GPU, or on the one that `name` names; see `open_device` for what it raises.

    If the GPU fails later, `give_up` is told, and the processor computes the gradients; without it, the failure is raised.
    """
    gpu = shared_device(name)
    with gpu.lock:
        splats = _arrays(gaussians, degree)
        frames = Frames(gpu, splats, views, size, degree, gaussians.antialiased, give_up)
        means2d, ellipses, radii = Project.apply(*splats, frames)
        images = Blend.apply(means2d, ellipses, radii, frames)
    return Drawing(images[:, :3].permute(0, 2, 3, 1), images[:, 3], images[:, 4], means2d, radii)


@torch.no_grad()
def medians(gaussians: Gaussians[torch.Tensor], views: Views, size: tuple[int, int], name: str = "") -> torch.Tensor:
    """The splat at which the light along each ray falls to half, [V, H, W] int64; −1 where more than half passes."""
    gpu = shared_device(name)
    with gpu.lock:
        frames = Frames(gpu, _arrays(gaussians, 0), views, size, 0, gaussians.antialiased)
        found = torch.empty(len(views), size[1], size[0], dtype=torch.int64)
        for number, view in enumerate(frames.views):
            picture = gpu.empty((size[1], size[0]), np.int32)
            with gpu.passes() as passes:
                view.project(passes, frames.splats, frames.sh)
            view.reserve_all()
            with gpu.passes() as passes:
                view.list_tiles(passes)
                view.find_medians(passes, picture)
            found[number] = torch.from_numpy(picture.read())
    return found


class Frames:
    """Splats on a GPU, and the rasterizers of views that look at them."""

    def __init__(
        self,
        gpu: Device,
        splats: tuple[torch.Tensor, ...],
        views: Views,
        size: tuple[int, int],
        degree: int,
        antialiased: bool,
        give_up: Callable[[TttlrmError], None] | None = None,
    ) -> None:
        self.gpu, self.size, self.give_up, self.constants = gpu, size, give_up, (views, size, degree, antialiased)
        count, self.stored, terms = len(splats[4]), splats[4].shape[1], (degree + 1) ** 2
        self.splats = gpu.array(rows_of(splats))
        self.sh = gpu.array(splats[4].detach()[:, :terms].numpy())  # the others need not cross the bus
        self.views = [Rasterizer(gpu, count, size, terms, terms, antialiased) for _ in range(len(views))]
        for number, view in enumerate(self.views):
            view.view.write(view_row(views, number, size))

    def failed(self, error: TttlrmError) -> None:
        """Tell that the GPU failed, or raise it."""
        if self.give_up is None:
            raise error
        self.give_up(error)

    def read(self, name: str) -> torch.Tensor:
        """An array of all views by its name in `Rasterizer`: [V, …]."""
        shape = {"images": (PLANES, self.size[1], self.size[0]), "radii": (len(self.splats),)}.get(name, (len(self.splats), 2))
        arrays = [getattr(view, name).read() for view in self.views]
        return torch.from_numpy(np.stack(arrays) if arrays else np.empty((0, *shape), np.float32))

    def project_backward(self, g_means2d: torch.Tensor, g_ellipses: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Gradients of the five arrays of splats from those of all views' ellipses."""
        with self.gpu.lock:
            g_splats, g_sh = self.gpu.empty(self.splats.shape), self.gpu.empty(self.sh.shape)
            for number, view in enumerate(self.views):
                view.g_means2d.write(g_means2d[number].contiguous().numpy())
                view.g_ellipses.write(g_ellipses[number].contiguous().numpy())
            with self.gpu.passes() as passes:
                for view in self.views:
                    view.project_backward(passes, self.splats, self.sh, g_splats, g_sh)
            rows, harmonics = (torch.from_numpy(array.read()) for array in (g_splats, g_sh))
        harmonics = torch.nn.functional.pad(harmonics, (0, 0, 0, self.stored - harmonics.shape[1]))
        return rows[:, MEAN], rows[:, QUAT], rows[:, SCALE], rows[:, OPACITY], harmonics

    def blend_backward(self, g_images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Gradients of means2d and ellipses of all views from those of their pictures [V, 5, H, W]."""
        with self.gpu.lock:
            given = [self.gpu.array(gradient.contiguous().numpy()) for gradient in g_images]
            with self.gpu.passes() as passes:
                for view, array in zip(self.views, given, strict=True):
                    view.blend_backward(passes, array)
            return self.read("g_means2d"), self.read("g_ellipses")


class Project(torch.autograd.Function):
    """Means, quats, scales, opacities and sh of N splats to means2d [V, N, 2], ellipses [V, N, 8] and radii [V, N]."""

    @staticmethod
    def forward(ctx: Any, *arguments: Any) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        *splats, frames = arguments
        ctx.frames = frames
        ctx.save_for_backward(*splats)
        with frames.gpu.passes() as passes:
            for view in frames.views:
                view.project(passes, frames.splats, frames.sh)
        means2d, ellipses, radii = (frames.read(name) for name in ("means2d", "ellipses", "radii"))
        ctx.mark_non_differentiable(radii)
        return means2d, ellipses, radii

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        frames = ctx.frames
        try:
            return *frames.project_backward(*gradients[:2]), None
        except TttlrmError as error:
            frames.failed(error)
            return *fallback.project_backward(ctx.saved_tensors, frames.constants, gradients[:2]), None


class Blend(torch.autograd.Function):
    """Means2d, ellipses and radii of V views, which are on the GPU, to pictures [V, 5, H, W]; see `Rasterizer.blend`."""

    @staticmethod
    def forward(ctx: Any, *arguments: Any) -> torch.Tensor:
        *ellipses, frames = arguments
        ctx.frames = frames
        ctx.save_for_backward(*ellipses)
        for view in frames.views:
            view.reserve_all()
        with frames.gpu.passes() as passes:
            for view in frames.views:
                view.list_tiles(passes)
                view.blend(passes)
        return frames.read("images")

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        frames = ctx.frames
        try:
            return *frames.blend_backward(gradients[0]), None, None
        except TttlrmError as error:
            frames.failed(error)
            return *fallback.blend_backward(ctx.saved_tensors, frames.size, gradients[0]), None, None


def _arrays(gaussians: Gaussians[torch.Tensor], degree: int) -> tuple[torch.Tensor, ...]:
    splats = tuple(gaussians.map(lambda tensor: tensor.float().cpu().contiguous()).arrays().values())
    check_arrays(splats, degree)
    return splats


def rows_of(splats: tuple[torch.Tensor, ...]) -> np.ndarray:
    """Means, quats, scales and opacities of N splats as rows [N, 12] for the GPU."""
    means, quats, scales, opacities = (tensor.detach().numpy() for tensor in splats[:4])
    rows = np.zeros((len(means), ROW), np.float32)
    rows[:, MEAN], rows[:, QUAT], rows[:, SCALE], rows[:, OPACITY] = means, quats, scales, opacities
    return rows
