# SPDX-License-Identifier: GPL-3.0-or-later
"""The comparison of views, compiled for the CPU; the twin of the one in plain torch."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..kernels import kernel, spread
from .pairs import Pairs
from .sweep_reference import NEAREST

F = np.float32
ONE, HALF, ZERO = F(1), F(0.5), F(0)
NEAR = F(NEAREST)


def compare(view: int, images: Tensor, pairs: Pairs, distances: Tensor, tolerance: float, unseen: float) -> Tensor:
    """Costs [h, w, 2, K] of one of the images [V, h, w, 3] at distances [K], as `sweep.match` explains, without smoothing."""
    height, width = images.shape[1:3]
    costs = np.empty((height, width, 2, len(distances)), np.float32)
    arrays = [np.ascontiguousarray(part.detach().numpy()) for part in (images.float(), *pairs, distances.float())]
    spread(_rows, height, view, *arrays, F(tolerance), F(unseen), costs, pieces=8)
    return torch.from_numpy(costs)


@kernel
def _rows(start, stop, view, images, intrinsics, other, rotation, translation, distances, tolerance, unseen, costs) -> None:
    """Costs of the rows start to stop of one view."""
    width = images.shape[2]
    neighbors, count = other.shape[1], len(distances)
    found = np.empty((neighbors, count), np.float32)
    fx, fy, cx, cy = intrinsics[view]
    for y in range(start, stop):
        for x in range(width):
            across, down = (F(x) + HALF - cx) / fx, (F(y) + HALF - cy) / fy
            inverse = ONE / np.sqrt(across * across + down * down + ONE)
            ray = (across * inverse, down * inverse, inverse)
            color = (images[view, y, x, 0], images[view, y, x, 1], images[view, y, x, 2])
            for n in range(neighbors):
                target = other[view, n]
                _along(
                    color, ray, rotation[view, n], translation[view, n], images[target], intrinsics[target], distances, found[n]
                )
            _summarize(found, F(3) * tolerance, unseen, costs[y, x])


@kernel
def _along(color, ray, turn, shift, image, intrinsics, distances, found) -> None:
    """Sums of absolute differences into found [K], between a color and an image at points along a ray; infinite where unseen."""
    height, width = image.shape[:2]
    beside, beneath = min(1, width - 1), min(1, height - 1)  # the next pixel, if there is one
    fx, fy, cx, cy = intrinsics
    a = (turn[0, 0] * ray[0] + turn[0, 1] * ray[1] + turn[0, 2] * ray[2]) * fx
    b = (turn[1, 0] * ray[0] + turn[1, 1] * ray[1] + turn[1, 2] * ray[2]) * fy
    c = turn[2, 0] * ray[0] + turn[2, 1] * ray[1] + turn[2, 2] * ray[2]
    shift_x, shift_y, shift_z = shift[0] * fx, shift[1] * fy, shift[2]
    right, bottom = F(width) - HALF, F(height) - HALF
    for k in range(len(distances)):
        t = distances[k]
        z = c * t + shift_z
        inverse = ONE / max(z, NEAR)
        u, v = (a * t + shift_x) * inverse + cx - HALF, (b * t + shift_y) * inverse + cy - HALF
        if z <= NEAR or u <= -HALF or v <= -HALF or u >= right or v >= bottom:
            found[k] = np.inf
            continue
        u, v = min(max(u, ZERO), F(width - 1)), min(max(v, ZERO), F(height - 1))
        left, top = min(np.uint32(u), np.uint32(max(width - 2, 0))), min(np.uint32(v), np.uint32(max(height - 2, 0)))
        p, q = u - F(left), v - F(top)
        total = ZERO
        for channel in range(3):
            above = image[top, left, channel] * (ONE - p) + image[top, left + beside, channel] * p
            below = image[top + beneath, left, channel] * (ONE - p) + image[top + beneath, left + beside, channel] * p
            total += abs(above * (ONE - q) + below * q - color[channel])
        found[k] = total


@kernel
def _summarize(found, most, unseen, means) -> None:
    """Means [2, K] of found [N, K], capped and scaled to 1: over all that see the point, and over the better half of them all."""
    neighbors = len(found)
    half = (neighbors + 1) // 2
    ordered = np.empty(neighbors, np.float32)
    for k in range(found.shape[1]):
        for n in range(neighbors):
            value, place = found[n, k], n
            while place > 0 and ordered[place - 1] > value:
                ordered[place] = ordered[place - 1]
                place -= 1
            ordered[place] = value
        total = ZERO
        means[0, k] = means[1, k] = unseen
        for n in range(neighbors):
            if ordered[n] == np.inf:
                break
            total += min(ordered[n] / most, ONE)
            means[0, k] = total / F(n + 1)
            if n < half:
                means[1, k] = means[0, k]
