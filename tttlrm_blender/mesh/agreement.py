# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pixels of depth maps other views confirm, and which these look past."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..kernels import kernel, spread
from ..progress import Listen, unheard
from .depth_maps import DepthMaps, rays

TOLERANCE = 0.01  # relative difference of depths that agree
CONFIRMING = 2  # views that must agree, as far as there are as many


def agreeing(maps: DepthMaps, listen: Listen = unheard, confirming: int = CONFIRMING) -> DepthMaps:
    """The maps with confidence only where enough other views agree, and more than look past: more, the more agree.

    A view agrees with a point if it sees a surface there, looks past it if it sees one behind, and cannot tell otherwise.
    """
    confidence = np.empty_like(maps.confidence)
    poses = maps.world_to_cameras
    for view in range(len(maps)):
        listen()
        agree, past = (np.zeros(maps.depth.shape[1:], np.int32) for _ in range(2))
        relative = (poses @ maps.cameras.c2w[view]).astype(np.float32)  # from this view's camera axes to those of all
        arrays = maps.depth, maps.confidence, relative, maps.cameras.intrinsics.astype(np.float32)
        directions = rays(maps.cameras.intrinsics[view], *maps.depth.shape[1:])
        spread(_count, len(directions), view, agree, past, directions, *arrays, pieces=4)
        confidence[view] = maps.confidence[view] * _belief(agree, past, min(confirming, len(maps) - 1))
    return replace(maps, confidence=confidence)


def _belief(agree: np.ndarray, past: np.ndarray, confirming: int) -> np.ndarray:
    """Factors [H, W] float32 on confidence by the numbers of views that agree, of those that look past, and of those needed."""
    kept = (agree >= confirming) & ((agree > past) | (past == 0))
    return np.where(kept, 1 - 0.5 ** (1 + agree), 0).astype(np.float32)


@kernel
def _count(first, last, view, agree, past, directions, depth, confidence, relative, intrinsics):
    """Count for the rows of pixels from `first` up to `last` of a view."""
    views, height, width = depth.shape
    for row in range(first, last):
        for column in range(width):
            if confidence[view, row, column] <= 0:
                continue
            d, own = directions[row, column], depth[view, row, column]
            x, y, z = own * d[0], own * d[1], own * d[2]
            for other in range(views):
                m, lens = relative[other], intrinsics[other]
                c = m[2, 0] * x + m[2, 1] * y + m[2, 2] * z + m[2, 3]
                if other == view or not c > 0:
                    continue
                u = lens[0] * (m[0, 0] * x + m[0, 1] * y + m[0, 2] * z + m[0, 3]) / c + lens[2]
                v = lens[1] * (m[1, 0] * x + m[1, 1] * y + m[1, 2] * z + m[1, 3]) / c + lens[3]
                if not (u >= 0 and v >= 0 and u < width and v < height):
                    continue
                i, j = int(v), int(u)
                if confidence[other, i, j] > 0:
                    difference = depth[other, i, j] / c - 1
                    agree[row, column] += abs(difference) < TOLERANCE
                    past[row, column] += difference >= TOLERANCE


def agreeing_reference(maps: DepthMaps) -> DepthMaps:
    """`agreeing` in plain numpy."""
    views, height, width = maps.depth.shape
    result = np.zeros_like(maps.confidence)
    for view in range(views):
        directions = rays(maps.cameras.intrinsics[view], height, width).astype(np.float64)
        c2w = maps.cameras.c2w[view]
        points = (directions * maps.depth[view][..., None]) @ c2w[:3, :3].T + c2w[:3, 3]
        agree, past = (np.zeros((height, width), int) for _ in range(2))
        for other in range(views):
            pose, lens = maps.world_to_camera(other), maps.cameras.intrinsics[other]
            local = points @ pose[:3, :3].T + pose[:3, 3]
            with np.errstate(divide="ignore", invalid="ignore"):
                place = np.floor(local[..., :2] / local[..., 2:] * lens[:2] + lens[2:])
                inside = (local[..., 2] > 0) & (place >= 0).all(-1) & (place < [width, height]).all(-1) & (other != view)
                j, i = np.where(inside[..., None], place, 0).astype(int).transpose(2, 0, 1)
                difference = maps.depth[other][i, j] / local[..., 2] - 1
            known = inside & (maps.confidence[other][i, j] > 0)
            agree += known & (np.abs(difference) < TOLERANCE)
            past += known & (difference >= TOLERANCE)
        result[view] = maps.confidence[view] * _belief(agree, past, min(CONFIRMING, views - 1))
    return replace(maps, confidence=result)
