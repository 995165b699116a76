# SPDX-License-Identifier: GPL-3.0-or-later
"""A truncated signed distance field that exists only near surfaces: blocks of 8³ grid points (as in Nießner et al. 2013)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from ..kernels import kernel, spread
from ..progress import Listen, unheard
from .depth_maps import DepthMaps, rays
from .tsdf import TRUNCATION, integrate_grid

SHIFT, SIDE = 3, 8  # grid points along a block: twice the truncation, so that what is near a point touches 8 blocks at most
MOST_BLOCKS = 1 << 18  # of a field, 1 GB
TILE = 16  # pixels of the squares whose farthest depths tell which blocks are hidden
MARGIN = 5  # voxels around the scene
HALO = 3  # grid points around a block that smoothing reads
FAR = np.float32(np.inf)
TINY = np.float32(1e-20)  # prevents division by zero


@dataclass(frozen=True)
class Blocks:
    """A field of B blocks: positive outside, negative inside. Block (i, j, k) has the grid points from (8i, 8j, 8k) on."""

    origin: np.ndarray  # [3] float64, world position of grid point (0, 0, 0)
    voxel: float  # distance of grid points in world units
    slots: np.ndarray = field(repr=False)  # [X, Y, Z] int32, the number of each block, −1 where there is none
    places: np.ndarray = field(repr=False)  # [B, 3] int32, of the blocks
    distance: np.ndarray = field(repr=False)  # [B, 8, 8, 8] float32, in truncation lengths, −1 to 1
    weight: np.ndarray = field(repr=False)  # [B, 8, 8, 8] float32, sum of the confidence of all pixels that saw the point

    @property
    def truncation(self) -> float:
        """Largest distance from a surface that is stored, in world units."""
        return TRUNCATION * self.voxel


def blocks_near(
    maps: DepthMaps,
    low: np.ndarray,  # [3]
    high: np.ndarray,  # [3]
    voxel: float,
    most: int = MOST_BLOCKS,
    listen: Listen = unheard,
) -> Blocks:
    """An empty field near the confident pixels in a box, with voxels of this side or, to have at most `most` blocks, larger."""
    while True:
        shape = np.ceil(((high - low) / voxel + 1 + 2 * MARGIN) / SIDE).astype(int)
        origin = (low + high) / 2 - voxel * (shape * SIDE - 1) / 2
        marks = np.zeros(shape, dtype=np.bool_)
        for view in range(len(maps)):
            listen()
            _mark_view(marks, origin, voxel, maps, view)
        count = int(marks.sum())
        if count <= most:
            break
        voxel *= max((count / most) ** 0.5, 1.05)
    slots = np.full(shape, -1, dtype=np.int32)
    slots[marks] = np.arange(count)
    distance, weight = (np.zeros((count, SIDE, SIDE, SIDE), dtype=np.float32) for _ in range(2))
    return Blocks(origin, voxel, slots, np.argwhere(marks).astype(np.int32), distance, weight)


def _mark_view(marks: np.ndarray, origin: np.ndarray, voxel: float, maps: DepthMaps, view: int) -> None:
    """Mark the blocks within the truncation from a view's surface."""
    c2w = maps.cameras.c2w[view]
    directions = rays(maps.cameras.intrinsics[view], *maps.depth.shape[1:])
    turn = (c2w[:3, :3] / (SIDE * voxel)).astype(np.float32)
    start = ((c2w[:3, 3] - origin) / (SIDE * voxel)).astype(np.float32)
    reach = np.float32(TRUNCATION / SIDE)
    spread(_mark, len(directions), marks, directions, maps.depth[view], maps.confidence[view], turn, start, reach)


@kernel
def _mark(first, last, marks, directions, depth, confidence, turn, start, reach):
    """Mark around the points of the rows of pixels from `first` up to `last`."""
    for row in range(first, last):
        for column in range(depth.shape[1]):
            if confidence[row, column] <= 0:
                continue
            d, z = directions[row, column], depth[row, column]
            x = start[0] + z * (turn[0, 0] * d[0] + turn[0, 1] * d[1] + turn[0, 2] * d[2])
            y = start[1] + z * (turn[1, 0] * d[0] + turn[1, 1] * d[1] + turn[1, 2] * d[2])
            w = start[2] + z * (turn[2, 0] * d[0] + turn[2, 1] * d[1] + turn[2, 2] * d[2])
            for i in range(max(int(np.floor(x - reach)), 0), min(int(np.floor(x + reach)), marks.shape[0] - 1) + 1):
                for j in range(max(int(np.floor(y - reach)), 0), min(int(np.floor(y + reach)), marks.shape[1] - 1) + 1):
                    for k in range(max(int(np.floor(w - reach)), 0), min(int(np.floor(w + reach)), marks.shape[2] - 1) + 1):
                        marks[i, j, k] = True


def integrate(blocks: Blocks, maps: DepthMaps, view: int) -> None:
    """Add one view to a field, in place; see `integrate_grid`."""
    pose = maps.world_to_camera(view)
    start = pose[:3, :3] @ blocks.origin + pose[:3, 3]
    steps = pose[:3, :3] * blocks.voxel
    spread(
        _integrate,
        len(blocks.places),
        blocks.distance,
        blocks.weight,
        blocks.places,
        start,
        steps.astype(np.float32),
        maps.cameras.intrinsics[view].astype(np.float32),
        np.float32(1 / blocks.truncation),
        maps.depth[view],
        maps.confidence[view],
        np.float32(maps.clear_before(view)),
        _farthest(maps, view),
        pieces=8,
    )


def _farthest(maps: DepthMaps, view: int) -> np.ndarray:
    """The largest depth in each square of `TILE` pixels, 0 where none is confident."""
    depth = np.where(maps.confidence[view] > 0, maps.depth[view], 0)
    height, width = (-(-side // TILE) for side in depth.shape)
    padded = np.pad(depth, ((0, height * TILE - depth.shape[0]), (0, width * TILE - depth.shape[1])))
    return padded.reshape(height, TILE, width, TILE).max(axis=(1, 3))


@kernel
def _integrate(
    first, last, distance, weight, places, start, steps, lens, inverse_truncation, depth, confidence, before, farthest
):
    """Process the blocks from `first` up to `last`."""
    corner, middle, row = np.empty(3, np.float32), np.empty(3, np.float32), np.empty((3, SIDE), np.float32)
    radius = np.float32(0.5 * SIDE * np.sqrt((steps * steps).sum()))
    for b in range(first, last):
        for axis in range(3):
            offset = steps[axis, 0] * places[b, 0] + steps[axis, 1] * places[b, 1] + steps[axis, 2] * places[b, 2]
            corner[axis] = start[axis] + SIDE * offset
            middle[axis] = corner[axis] + (SIDE - 1) / 2 * (steps[axis, 0] + steps[axis, 1] + steps[axis, 2])
        if middle[2] - radius < _reach(middle, radius, lens, farthest, confidence.shape) + 1 / inverse_truncation:
            integrate_grid(distance[b], weight[b], corner, steps, lens, inverse_truncation, depth, confidence, before, row)


@kernel
def _reach(middle, radius, lens, farthest, shape) -> np.float32:
    """The largest depth in the part of a picture that a ball covers; −∞ for none."""
    z = middle[2] - radius
    if z <= 0:
        return FAR if middle[2] + radius > 0 else -FAR
    u, v = lens[0] * middle[0] / middle[2] + lens[2], lens[1] * middle[1] / middle[2] + lens[3]
    across, down = _extent(middle[0], middle[2], radius) * lens[0] + 1, _extent(middle[1], middle[2], radius) * lens[1] + 1
    if u + across < 0 or v + down < 0 or u - across > shape[1] or v - down > shape[0]:
        return -FAR
    most = np.float32(0)
    for row in range(max(int((v - down) / TILE), 0), min(int((v + down) / TILE), farthest.shape[0] - 1) + 1):
        for column in range(max(int((u - across) / TILE), 0), min(int((u + across) / TILE), farthest.shape[1] - 1) + 1):
            most = max(most, farthest[row, column])
    return most if most > 0 else -FAR


@kernel
def _extent(x, z, radius) -> float:
    """At most how far, in focal lengths, the picture of a ball reaches from that of its middle."""
    return radius * (1 + abs(x / z)) / (z - radius)


def part(
    blocks: Blocks,
    first: np.ndarray,  # [3], the lowest grid point
    side: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Distance and weight [side, side, side] of a cube of grid points; weight 0 where there are no blocks."""
    distance, weight = (np.empty((side, side, side), dtype=np.float32) for _ in range(2))
    gather(distance, weight, blocks.distance, blocks.weight, blocks.slots, np.asarray(first, np.int64))
    return distance, weight


@kernel
def gather(distance, weight, distances, weights, slots, first) -> None:
    """Copy the grid points from `first` [3] on to a cube."""
    for i in range(distance.shape[0]):
        a, p = (first[0] + i) >> SHIFT, (first[0] + i) & (SIDE - 1)
        for j in range(distance.shape[1]):
            b, q = (first[1] + j) >> SHIFT, (first[1] + j) & (SIDE - 1)
            inside = 0 <= a < slots.shape[0] and 0 <= b < slots.shape[1]
            for k in range(distance.shape[2]):
                c, r = (first[2] + k) >> SHIFT, (first[2] + k) & (SIDE - 1)
                slot = slots[a, b, c] if inside and 0 <= c < slots.shape[2] else -1
                distance[i, j, k] = distances[slot, p, q, r] if slot >= 0 else np.float32(0)
                weight[i, j, k] = weights[slot, p, q, r] if slot >= 0 else np.float32(0)


def smooth(blocks: Blocks, sigma: float) -> Blocks:
    """The field with every distance the mean of those around it, by their weights and a Gaussian of `sigma` voxels."""
    taps = np.exp(-0.5 * (np.arange(-HALO, HALO + 1) / sigma) ** 2).astype(np.float32)
    result = np.empty_like(blocks.distance)
    spread(_smooth, len(result), result, blocks.distance, blocks.weight, blocks.slots, blocks.places, taps, pieces=8)
    return replace(blocks, distance=result)


@kernel
def _smooth(first, last, result, distances, weights, slots, places, taps):
    """Process the blocks from `first` up to `last`."""
    side = SIDE + 2 * HALO
    total, amount = np.empty((side, side, side), np.float32), np.empty((side, side, side), np.float32)
    corner = np.empty(3, np.int64)
    for block in range(first, last):
        for axis in range(3):
            corner[axis] = SIDE * places[block, axis] - HALO
        gather(total, amount, distances, weights, slots, corner)
        total *= amount
        _filter(total, taps)
        _filter(amount, taps)
        for i in range(SIDE):
            for j in range(SIDE):
                for k in range(SIDE):
                    result[block, i, j, k] = total[i, j, k] / max(amount[i, j, k], TINY)


@kernel
def _filter(values, taps):
    """Replace the first 8 values along every axis of a cube by weighted sums of those from there on, in place.

    A row of sums is kept apart until it is complete, so that it is found in vector instructions.
    """
    side, row = len(values), np.empty(len(values), np.float32)
    for i in range(SIDE):
        for j in range(side):
            for k in range(side):
                total = np.float32(0)
                for tap in range(2 * HALO + 1):
                    total += taps[tap] * values[i + tap, j, k]
                row[k] = total
            values[i, j] = row
    for i in range(SIDE):
        for j in range(SIDE):
            for k in range(side):
                total = np.float32(0)
                for tap in range(2 * HALO + 1):
                    total += taps[tap] * values[i, j + tap, k]
                row[k] = total
            values[i, j] = row
    for i in range(SIDE):
        for j in range(SIDE):
            for k in range(SIDE):
                total = np.float32(0)
                for tap in range(2 * HALO + 1):
                    total += taps[tap] * values[i, j, k + tap]
                row[k] = total
            values[i, j, :SIDE] = row[:SIDE]
