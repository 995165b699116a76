# SPDX-License-Identifier: GPL-3.0-or-later
"""The two differentiable steps of drawing on the CPU: splats to ellipses on the image, ellipses to pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.autograd.function import once_differentiable

from ...gaussians.gaussians import Gaussians
from ...kernels import spread
from ..convention import Drawing, Views, check_arrays
from . import blend, median, project, tiles

MOST_PAIRS = np.iinfo(np.int32).max  # of a splat and a tile, whose numbers are int32
PIECES = 16  # parts of the splats that are counted and listed in parallel


def draw(gaussians: Gaussians[torch.Tensor], views: Views, size: tuple[int, int], degree: int) -> Drawing:
    """Draw splats in float32 on the CPU, with as many threads as torch uses."""
    means2d, ellipses, radii = _projected(gaussians, views, size, degree)
    rgb, depth, alpha = Blend.apply(means2d, ellipses, radii, size)
    return Drawing(rgb, depth, alpha, means2d, radii)


@torch.no_grad()
def medians(gaussians: Gaussians[torch.Tensor], views: Views, size: tuple[int, int]) -> torch.Tensor:
    """The splat at which the light along each ray falls to half, [V, H, W] int64; −1 where more than half passes."""
    found = torch.empty(len(views), size[1], size[0], dtype=torch.int64)
    for picture, centers, shapes, reach in zip(*_arrays(found, *_projected(gaussians, views, size, 0)), strict=True):
        lists = list_tiles(centers, shapes, reach, size)
        arrays = lists.tile_starts, lists.pairs, lists.records, lists.order
        spread(median.find_medians, len(lists.used), *arrays, picture, pieces=8)
    return found


def _projected(
    gaussians: Gaussians[torch.Tensor], views: Views, size: tuple[int, int], degree: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    splats = tuple(gaussians.map(lambda tensor: tensor.float().cpu().contiguous()).arrays().values())
    check_arrays(splats, degree)
    means2d, ellipses, radii = Project.apply(*splats, views, size, degree, gaussians.antialiased)
    return means2d, ellipses, radii


class Project(torch.autograd.Function):
    """Means, quats, scales, opacities and sh of N splats to means2d [V, N, 2], ellipses [V, N, 8] and radii [V, N]."""

    @staticmethod
    def forward(ctx: Any, *arguments: Any) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        *splats, views, size, degree, antialiased = arguments
        shape = (len(views), len(splats[0]))
        means2d, ellipses = torch.empty(*shape, 2), torch.empty(*shape, project.ELLIPSE)
        radii = torch.empty(shape, dtype=torch.int32)
        ctx.constants = _view_arrays(views), tuple(np.float32(side) for side in size), (degree + 1) ** 2, antialiased
        spread(project.project, shape[1], _arrays(*splats), *ctx.constants, *_arrays(means2d, ellipses, radii), pieces=4)
        ctx.save_for_backward(*splats, radii)
        ctx.mark_non_differentiable(radii)
        return means2d, ellipses, radii

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        *splats, radii = ctx.saved_tensors
        outputs = [torch.empty_like(tensor) for tensor in splats]
        g_means2d, g_ellipses = (gradient.contiguous() for gradient in gradients[:2])
        arguments = _arrays(*splats), *ctx.constants, *_arrays(radii, g_means2d, g_ellipses), _arrays(*outputs)
        spread(project.project_backward, len(splats[0]), *arguments, pieces=4)
        return *outputs, None, None, None, None


class Blend(torch.autograd.Function):
    """Means2d, ellipses and radii of V views to rgb [V, H, W, 3], depth and alpha [V, H, W]."""

    @staticmethod
    def forward(ctx: Any, *arguments: Any) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        means2d, ellipses, radii, size = arguments
        shape = (len(means2d), size[1], size[0])
        rgb, depth, alpha = torch.empty(*shape, 3), torch.empty(shape), torch.empty(shape)
        ctx.lists = []
        for centers, shapes, reach, *images in zip(*_arrays(means2d, ellipses, radii, rgb, depth, alpha), strict=True):
            lists = list_tiles(centers, shapes, reach, size)
            spread(blend.blend, len(lists.used), lists.tile_starts, lists.pairs, lists.records, *images, lists.used, pieces=8)
            ctx.lists.append(lists)
        ctx.save_for_backward(means2d, ellipses, rgb, depth, alpha)
        return rgb, depth, alpha

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        means2d, ellipses, *images = ctx.saved_tensors
        g_means2d, g_ellipses = torch.zeros_like(means2d), torch.zeros_like(ellipses)
        g_images = [gradient.contiguous() for gradient in gradients]
        for view, lists in enumerate(ctx.lists):
            g_pairs = np.empty((len(lists.pairs), blend.GRADIENT), np.float32)
            arrays = lists.tile_starts, lists.used, lists.pairs, lists.records
            at_view = [_arrays(*(tensor[view] for tensor in tensors)) for tensors in (images, g_images)]
            spread(blend.blend_backward, len(lists.used), *arrays, *at_view, g_pairs, pieces=8)
            sources = lists.order, lists.starts, lists.slots, g_pairs, ellipses[view].numpy()
            spread(blend.gather, len(lists.order), *sources, *_arrays(g_means2d[view], g_ellipses[view]))
        return g_means2d, g_ellipses, None, None


@dataclass(frozen=True)
class TileLists:
    """The splats of one view, tile by tile; M splats are drawn and make P pairs of a splat and a tile."""

    order: np.ndarray  # [M] uint32, the drawn splats, nearest first
    records: np.ndarray  # [M, 10] float32
    starts: np.ndarray  # [M + 1] int64, the first entry of each record in `slots`
    slots: np.ndarray  # [P] int32, indices into `pairs`, record by record
    pairs: np.ndarray  # [P, 3] int32, rank in `order`, first and last row in the tile
    tile_starts: np.ndarray  # [T + 1] int64, the first of each tile's `pairs`
    used: np.ndarray  # [T] int64, the end of each tile's pairs that were blended


def list_tiles(
    means2d: np.ndarray,  # [N, 2]
    ellipses: np.ndarray,  # [N, 8]
    radii: np.ndarray,  # [N]
    size: tuple[int, int],
) -> TileLists:
    """List the splats in each tile, nearest first."""
    order = tiles.sort_by_depth(radii, ellipses)
    records = np.empty((len(order), tiles.RECORD), np.float32)
    spread(tiles.pack, len(order), order, means2d, ellipses, records)
    number = -(-size[0] // tiles.WIDTH) * -(-size[1] // tiles.HEIGHT)
    bounds = np.linspace(0, len(order), PIECES + 1).astype(np.int64)
    counts, starts = np.empty((PIECES, number), np.int32), np.zeros(len(order) + 1, np.int64)
    spread(tiles.count, PIECES, bounds, records, size, counts, starts, pieces=2)
    np.cumsum(starts, out=starts)
    if starts[-1] > MOST_PAIRS:
        raise MemoryError(f"the splats are in {starts[-1]} tiles")
    tile_starts = np.empty(number + 1, np.int64)
    tiles.positions(counts, tile_starts)
    pairs, slots = np.empty((starts[-1], 3), np.int32), np.empty(starts[-1], np.int32)
    spread(tiles.scatter, PIECES, bounds, records, size, counts, starts, pairs, slots, pieces=2)
    return TileLists(order, records, starts, slots, pairs, tile_starts, np.empty(number, np.int64))


def _arrays(*tensors: torch.Tensor) -> tuple[np.ndarray, ...]:
    """The tensors as numpy arrays that share their memory."""
    return tuple(tensor.detach().numpy() for tensor in tensors)


def _view_arrays(views: Views) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The views as arguments of kernels."""
    return views.rotations, views.centers, views.intrinsics
