# SPDX-License-Identifier: GPL-3.0-or-later
"""The passes of PatchMatch stereo, compiled for the CPU; the twin of those in plain torch."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..kernels import kernel, spread
from . import matching as shared
from .matching import REACH, SEEDS_APART, SIDE, TRIALS, Matching, Search, patch_offsets

F = np.float32
ZERO, HALF, ONE, TWO = F(0), F(0.5), F(1), F(2)
WORST, GRAZING, NOISE, NEAREST = F(shared.UNSEEN), F(shared.GRAZING), F(shared.NOISE), F(shared.NEAREST)
BRIGHTNESS = F(-0.5 / shared.NEAR_COLOR**2)
SAMPLES = SIDE * SIDE
LANES = (SAMPLES + 15) // 16 * 16  # of a vector register; those beyond the samples weigh nothing
COLUMNS, ROWS, PLACES = np.zeros((3, LANES), np.float32)
COLUMNS[:SAMPLES], ROWS[:SAMPLES] = patch_offsets().numpy().T
PLACES[:SAMPLES] = np.exp(-(COLUMNS**2 + ROWS**2) / (2 * shared.NEAR_PLACE**2))[:SAMPLES]
WHOLE_COLUMNS, WHOLE_ROWS = COLUMNS.astype(np.int32), ROWS.astype(np.int32)


def sweep(matching: Matching, inverse: Tensor, best: int) -> tuple[Tensor, Tensor]:
    """Planes [h, w, 3] that face the camera, and their costs [h, w]: the best of inverse depths [K]."""
    height, width = matching.photo.shape
    planes, costs = np.zeros((height, width, 3), np.float32), np.empty((height, width), np.float32)
    spread(_sweep, height, *_arrays(matching), inverse.numpy(), best, planes, costs, pieces=4)
    return torch.from_numpy(planes), torch.from_numpy(costs)


def improve(matching: Matching, planes: Tensor, costs: Tensor, parity: int, search: Search) -> None:
    """Improve in place the planes [h, w, 3] and costs [h, w] of the pixels of one color of a checkerboard."""
    arrays = _arrays(matching)
    seed, amount, turn, best, thorough = search
    spread(
        _improve, len(planes), *arrays, planes.numpy(), costs.numpy(), parity, seed, F(amount), F(turn), best, thorough, pieces=4
    )


def _arrays(matching: Matching) -> list[np.ndarray]:
    return [np.ascontiguousarray(part.numpy()) for part in matching]


@kernel
def _sweep(start, stop, photo, others, intrinsics, linear, offset, inverse, best, planes, costs) -> None:
    """Planes and costs of the rows start to stop."""
    width, views = photo.shape[1], len(others)
    patch, found, active = np.empty((2, LANES), np.float32), np.empty(views, np.float32), np.arange(views)
    flat = others.reshape(-1)
    for y in range(start, stop):
        for x in range(width):
            variance = _look(photo, x, y, patch)
            ray = _ray(intrinsics, x, y)
            costs[y, x] = np.inf
            for s in inverse:
                cost = _cost(
                    patch,
                    variance,
                    flat,
                    photo.shape,
                    intrinsics,
                    linear,
                    offset,
                    (ZERO, ZERO, s),
                    ray,
                    active,
                    best,
                    found,
                    WORST,
                )
                if cost < costs[y, x]:
                    costs[y, x], planes[y, x, 2] = cost, s


@kernel
def _improve(start, stop, photo, others, intrinsics, linear, offset, planes, costs, parity, seed, amount, turn, best, thorough):
    """Improve the pixels of one color in the rows start to stop."""
    height, width = photo.shape
    views = len(others)
    patch, found, random = np.empty((2, LANES), np.float32), np.empty(views, np.float32), np.empty(4 * TRIALS, np.float32)
    every, active, flat = np.arange(views), np.arange(views if thorough else best), others.reshape(-1)
    for y in range(start, stop):
        for x in range((y + parity) % 2, width, 2):
            variance = _look(photo, x, y, patch)
            ray = _ray(intrinsics, x, y)
            plane = (planes[y, x, 0], planes[y, x, 1], planes[y, x, 2])
            cost = _cost(patch, variance, flat, photo.shape, intrinsics, linear, offset, plane, ray, every, best, found, WORST)
            if not thorough:
                _choose(found, active)
            for direction in range(4):
                right, down = (direction == 0) - (direction == 1), (direction == 2) - (direction == 3)
                least, row, column = F(np.inf), -1, -1
                for distance in REACH:
                    v, u = y + down * distance, x + right * distance
                    if 0 <= v < height and 0 <= u < width and costs[v, u] < least:
                        least, row, column = costs[v, u], v, u
                if row < 0:
                    continue
                other = (planes[row, column, 0], planes[row, column, 1], planes[row, column, 2])
                if other == plane or not _faces(other, ray):
                    continue
                tried = _cost(
                    patch, variance, flat, photo.shape, intrinsics, linear, offset, other, ray, active, best, found, cost
                )
                if tried < cost:
                    cost, plane = tried, other
            _draw(seed, y * width + x, random)
            for trial in range(TRIALS):
                other = _changed(plane, ray, random, trial, amount * (trial != 1), turn * (trial != 0))
                if not _faces(other, ray):
                    continue
                tried = _cost(
                    patch, variance, flat, photo.shape, intrinsics, linear, offset, other, ray, active, best, found, cost
                )
                if tried < cost:
                    cost, plane = tried, other
            costs[y, x] = cost
            planes[y, x, 0], planes[y, x, 1], planes[y, x, 2] = plane


@kernel
def _ray(intrinsics, x, y):
    """The ray with z = 1 through the center of a pixel."""
    return (F(x) + HALF - intrinsics[2]) / intrinsics[0], (F(y) + HALF - intrinsics[3]) / intrinsics[1]


@kernel
def _faces(plane, ray) -> bool:
    """Whether a plane is in front of the camera, and not seen too obliquely."""
    inverse = plane[0] * ray[0] + plane[1] * ray[1] + plane[2]
    lengths = (plane[0] ** 2 + plane[1] ** 2 + plane[2] ** 2) * (ray[0] ** 2 + ray[1] ** 2 + ONE)
    return inverse > GRAZING * np.sqrt(lengths)


@kernel
def _changed(plane, ray, random, trial, amount, turn):
    """A plane whose distance is changed by at most `amount`, and whose normal by at most `turn`."""
    length = np.sqrt(plane[0] ** 2 + plane[1] ** 2 + plane[2] ** 2)
    a, b, c = plane[0] / length, plane[1] / length, plane[2] / length
    inverse = plane[0] * ray[0] + plane[1] * ray[1] + plane[2]
    a, b, c = a + turn * random[4 * trial + 0], b + turn * random[4 * trial + 1], c + turn * random[4 * trial + 2]
    scale = inverse * (ONE + amount * random[4 * trial + 3]) / (a * ray[0] + b * ray[1] + c)
    return a * scale, b * scale, c * scale


@kernel
def _draw(seed, index, random) -> None:
    """The numbers of one pixel, as `matching.random_numbers` has them."""
    for k in range(len(random)):
        x = np.uint64(seed * SEEDS_APART + index * len(random) + k) & np.uint64(0xFFFFFFFF)
        x ^= x >> np.uint64(16)
        x = (x * np.uint64(0x7FEB352D)) & np.uint64(0xFFFFFFFF)
        x ^= x >> np.uint64(15)
        x = (x * np.uint64(0x846CA68B)) & np.uint64(0xFFFFFFFF)
        x ^= x >> np.uint64(16)
        random[k] = F(x >> np.uint64(8)) / F(1 << 23) - ONE


@kernel
def _look(photo, x, y, patch) -> np.float32:
    """The weights of a patch's samples, which add up to 1, and its weighted differences from its mean; returns the variance."""
    height, width = photo.shape
    middle, total, mean = photo[y, x], ZERO, ZERO
    for k in range(LANES):
        row = min(max(np.int32(y) + WHOLE_ROWS[k], np.int32(0)), np.int32(height - 1))
        column = min(max(np.int32(x) + WHOLE_COLUMNS[k], np.int32(0)), np.int32(width - 1))
        value = photo[np.uint32(row), np.uint32(column)]
        weight = PLACES[k] * np.exp(BRIGHTNESS * (value - middle) ** 2)
        patch[0, k], patch[1, k] = weight, value
        total += weight
        mean += weight * value
    mean /= total
    variance = ZERO
    for k in range(LANES):
        patch[0, k] /= total
        difference = patch[1, k] - mean
        patch[1, k] = patch[0, k] * difference
        variance += patch[1, k] * difference
    return variance


@kernel
def _cost(patch, variance, flat, shape, intrinsics, linear, offset, plane, ray, active, best, found, most) -> np.float32:
    """The mean of the `best` lowest costs among the `active` neighbors; more than `most` if it is known to be."""
    total, count = ZERO, len(active)
    for index in range(count):
        n = active[index]
        cost = _mismatch(patch, variance, flat, shape, intrinsics, linear, offset, n, plane, ray)
        found[index] = cost
        total += cost
        if count == best and total > most * F(best):
            return WORST
    if count == best:
        return total / F(best)
    return _mean_of_best(found, count, best)


@kernel
def _mean_of_best(found, count, best) -> np.float32:
    """The mean of the lowest of some costs."""
    total = ZERO
    for index in range(count):
        if _rank(found, count, index) < best:
            total += found[index]
    return total / F(best)


@kernel
def _choose(found, active) -> None:
    """Write the indices of the lowest of the found costs to `active`, the lowest first."""
    for index in range(len(found)):
        rank = _rank(found, len(found), index)
        if rank < len(active):
            active[rank] = index


@kernel
def _rank(found, count, index) -> int:
    """How many of `count` costs are lower than one of them, or the same and come earlier."""
    rank = 0
    for other in range(count):
        rank += found[other] < found[index] or (found[other] == found[index] and other < index)
    return rank


@kernel
def _mismatch(patch, variance, flat, shape, intrinsics, linear, offset, n, plane, ray) -> np.float32:
    """1 minus the weighted normalized cross-correlation of a patch with what its plane shows in photo n of those in `flat`."""
    height, width = shape
    right, bottom = F(width - 1), F(height - 1)
    a, b, c = offset[n, 0], offset[n, 1], offset[n, 2]
    a0, a1, a2 = linear[n, 0, 0] + a * plane[0], linear[n, 0, 1] + a * plane[1], linear[n, 0, 2] + a * plane[2]
    b0, b1, b2 = linear[n, 1, 0] + b * plane[0], linear[n, 1, 1] + b * plane[1], linear[n, 1, 2] + b * plane[2]
    c0, c1, c2 = linear[n, 2, 0] + c * plane[0], linear[n, 2, 1] + c * plane[1], linear[n, 2, 2] + c * plane[2]
    u0, v0, z0 = a0 * ray[0] + a1 * ray[1] + a2, b0 * ray[0] + b1 * ray[1] + b2, c0 * ray[0] + c1 * ray[1] + c2
    if z0 <= NEAREST or u0 < -HALF * z0 or v0 < -HALF * z0 or u0 > (right + HALF) * z0 or v0 > (bottom + HALF) * z0:
        return WORST
    across, down = ONE / intrinsics[0], ONE / intrinsics[1]
    a0, b0, c0 = a0 * across, b0 * across, c0 * across
    a1, b1, c1 = a1 * down, b1 * down, c1 * down
    stride, first = np.uint32(width), np.uint32(n * height * width)
    mean, square, product = ZERO, ZERO, ZERO
    for k in range(LANES):
        dx, dy = COLUMNS[k], ROWS[k]
        inverse = ONE / max(z0 + c0 * dx + c1 * dy, NEAREST)
        u = min(max((u0 + a0 * dx + a1 * dy) * inverse, ZERO), right)
        v = min(max((v0 + b0 * dx + b1 * dy) * inverse, ZERO), bottom)
        left, top = min(np.int32(u), np.int32(width - 2)), min(np.int32(v), np.int32(height - 2))
        p, q = u - F(left), v - F(top)
        at = first + np.uint32(top) * stride + np.uint32(left)
        above = flat[at] + p * (flat[at + np.uint32(1)] - flat[at])
        below = flat[at + stride] + p * (flat[at + stride + np.uint32(1)] - flat[at + stride])
        value = above + q * (below - above)
        weighted = patch[0, k] * value
        mean += weighted
        square += weighted * value
        product += patch[1, k] * value
    other = max(square - mean * mean, ZERO)
    return ONE - product / np.sqrt((variance + NOISE) * (other + NOISE))
