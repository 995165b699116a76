# SPDX-License-Identifier: GPL-3.0-or-later
"""Preparation of splats for a GPU that blends them back to front: packing into textures, and sorting.

All functions are pure, so any thread may call them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .gaussians import Gaussians
from .transform import rotation_of

WIDTH = 16384  # texels in a row of a texture, which every GPU with OpenGL 4.3 supports
SHAPE_TEXELS = 3  # center and opacity; rotation w x y z; scale, and 1 for antialiased splats
TERMS_TOGETHER = 4  # SH terms that fill whole texels: 4 · 3 floats in 3 texels
PLACE_TEXELS = 6  # three rows of object to view, three of view directions to object directions
MOST = 2**24  # splats: their indices go to the GPU as float32
MARGIN = 1.3  # of the view, outside of which splats are dropped first if there are too many
BLOCK = 4096  # splats interleaved at a time, so that their texels fit into the cache


@dataclass(frozen=True)
class Cloud:
    """N splats as Blender stores them: one array per attribute."""

    means: np.ndarray  # [N, 3] float32
    quats: np.ndarray  # [N, 4] float32, w x y z
    scales: np.ndarray  # [N, 3] float32, standard deviations
    base: np.ndarray  # [N, 4] float32, the constant SH term and the opacity
    coefficients: list[np.ndarray]  # the other SH terms, [N, 3] float32 each
    antialiased: np.ndarray | None = None  # [N, 1] bool; None where none is

    def __len__(self) -> int:
        return len(self.means)

    @staticmethod
    def of(splats: Gaussians[np.ndarray]) -> Cloud:
        """Numpy splats in the layout of a cloud."""
        base = np.column_stack((splats.sh[:, 0], splats.opacities))
        terms = list(np.ascontiguousarray(splats.sh[:, 1:].swapaxes(0, 1)))
        antialiased = np.ones((len(splats), 1), dtype=bool) if splats.antialiased else None
        return Cloud(splats.means, splats.quats, splats.scales, base, terms, antialiased)


@dataclass(frozen=True)
class Texels:
    """N splats as textures for the GPU."""

    shapes: np.ndarray  # [rows, WIDTH, 4] float32, `SHAPE_TEXELS` for each splat
    harmonics: np.ndarray  # [rows, WIDTH, 4] float32, terms · 3 / 4 texels for each splat
    terms: int  # SH terms of every splat, a multiple of `TERMS_TOGETHER`


@dataclass(frozen=True)
class Packed:
    """N splats of one or several clouds as sorting needs them, in the coordinates of their objects."""

    means: np.ndarray  # [N, 3] float32
    importances: np.ndarray  # [N] float32, opacity · area of the widest cross-section
    starts: np.ndarray  # [clouds + 1] int, the first splat of each cloud; the last is N


@dataclass(frozen=True)
class Eye:
    """A viewpoint: OpenGL's matrices, acting on column vectors."""

    view: np.ndarray  # [4, 4], world to view, which looks along −z
    projection: np.ndarray  # [4, 4], view to clip space


@dataclass(frozen=True)
class Placed:
    """One instance of a cloud."""

    cloud: int
    matrix: np.ndarray  # [4, 4], object to world


def pack(clouds: Sequence[Cloud]) -> tuple[Packed, Texels]:
    """One or more clouds as input for `back_to_front`, and as the texels that the shader reads."""
    starts = np.cumsum([0, *(len(cloud) for cloud in clouds)])
    terms = -(-max(1 + len(cloud.coefficients) for cloud in clouds) // TERMS_TOGETHER) * TERMS_TOGETHER
    shapes, per_shape = _texels(starts[-1], SHAPE_TEXELS)
    harmonics, per_color = _texels(starts[-1], terms * 3 // 4)
    for (start, stop), cloud in zip(pairwise(starts), clouds, strict=True):
        shapes_of = [cloud.means, cloud.base[:, 3:], cloud.quats, cloud.scales]
        if cloud.antialiased is not None:
            shapes_of.append(cloud.antialiased.astype(np.float32))
        interleave(shapes_of, per_shape[start:stop])
        interleave([cloud.base[:, :3], *cloud.coefficients], per_color[start:stop])
    means = np.concatenate([cloud.means for cloud in clouds])
    importances = np.concatenate([_importances(cloud) for cloud in clouds])
    return Packed(means, importances, starts), Texels(shapes, harmonics, terms)


def interleave(
    columns: Sequence[np.ndarray],  # [N, any] float32 each
    rows: np.ndarray,  # [N, at least as many as all columns together] float32
) -> None:
    """Write columns side by side into rows, and zeros after them.

    The values of a splat in a column are copied as one element, block by block: five times as fast as assignments to slices.
    """
    edges = np.cumsum([0, *(column.shape[1] for column in columns)])
    targets = [_things(rows[:, start:stop]) for start, stop in pairwise(edges)]
    sources = [_things(column) for column in columns]
    rows[:, edges[-1] :] = 0
    for start in range(0, len(rows), BLOCK):
        for target, source in zip(targets, sources, strict=True):
            target[start : start + BLOCK] = source[start : start + BLOCK]


def _things(rows: np.ndarray) -> np.ndarray:
    """Rows of numbers as single elements of the same number of bytes: [N]."""
    return rows.view(np.dtype((np.void, rows.shape[1] * rows.itemsize)))[:, 0]


def back_to_front(packed: Packed, placed: Sequence[Placed], eye: Eye, budget: int) -> tuple[np.ndarray, int]:
    """Sort splats: [rows, WIDTH, 2] float32 texels, the index of a splat and of its instance, and how many texels are used.

    Of more than `budget` splats, those with the largest opacity · area on screen are kept.
    """
    spans = [slice(*packed.starts[one.cloud : one.cloud + 2]) for one in placed]
    depths = np.concatenate([_depths(packed.means[span], one, eye) for span, one in zip(spans, placed, strict=True)])
    splats = np.concatenate([np.arange(span.start, span.stop) for span in spans])
    owners = np.repeat(np.arange(len(placed)), [span.stop - span.start for span in spans])
    budget = min(budget, MOST)
    if len(depths) > budget:
        seen = np.concatenate([_seen_importances(packed, span, one, eye) for span, one in zip(spans, placed, strict=True)])
        chosen = np.sort(np.argpartition(-seen, budget)[:budget])
        depths, splats, owners = depths[chosen], splats[chosen], owners[chosen]
    order = falling(depths)
    texture, entries = _texels(len(order), 1, channels=2)
    entries[:, 0], entries[:, 1] = splats[order], owners[order]
    return texture, len(order)


def falling(
    values: np.ndarray,  # [N] float32, finite
) -> np.ndarray:  # [N]
    """The order from the largest to the smallest value; it is stable.

    Sorting the bits of float32 as two 16-bit digits, for which numpy has a radix sort, is five times as fast as argsort.
    """
    bits = values.view(np.uint32)
    keys = np.where(bits >> 31, bits, ~bits & 0x7FFFFFFF)
    order = np.argsort(keys.astype(np.uint16), kind="stable")
    return order[np.argsort((keys >> 16).astype(np.uint16)[order], kind="stable")]


def places(placed: Sequence[Placed], eye: Eye) -> np.ndarray:
    """`PLACE_TEXELS` for each instance: [rows, WIDTH, 4] float32.

    Colors depend on the view direction in the object's axes, which follow the rotation in its matrix as they do when the
    matrix is applied to the splats.
    """
    matrices = np.stack([one.matrix for one in placed])
    texture, rows = _texels(len(placed), PLACE_TEXELS)
    rows[:] = 0
    rows = rows.reshape(len(placed), PLACE_TEXELS, 4)
    rows[:, :3] = (eye.view @ matrices)[:, :3]
    rows[:, 3:, :3] = np.swapaxes(rotation_of(matrices[:, :3, :3]), 1, 2) @ rotation_of(eye.view[:3, :3]).T
    return texture


def _texels(count: int, each: int, channels: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """An uninitialized texture with `each` texels per splat, and a view of it by splats: [count, each · channels].

    Not zeros: Linux gives large empty arrays large pages, which halves the time of packing.
    """
    texture = np.empty((max(1, -(-int(count) * each // WIDTH)), WIDTH, channels), dtype=np.float32)
    texels = texture.reshape(-1, channels)
    texels[count * each :] = 0
    return texture, texels[: count * each].reshape(count, each * channels)


def _importances(cloud: Cloud) -> np.ndarray:
    x, y, z = cloud.scales.T
    return cloud.base[:, 3] * np.maximum(np.maximum(x * y, y * z), x * z)


def _depths(means: np.ndarray, placed: Placed, eye: Eye) -> np.ndarray:
    row = -(eye.view @ placed.matrix)[2].astype(np.float32)
    return means @ row[:3] + row[3]


def _seen_importances(packed: Packed, span: slice, placed: Placed, eye: Eye) -> np.ndarray:
    """Opacity · area on the screen, up to a common factor; 0 outside the view."""
    to_clip = (eye.projection @ eye.view @ placed.matrix).astype(np.float32)
    x, y, _, w = to_clip[:, :3] @ packed.means[span].T + to_clip[:, 3:]
    inside = (w > 0) & (np.maximum(abs(x), abs(y)) < MARGIN * w)
    area = abs(np.linalg.det(placed.matrix[:3, :3])) ** (2 / 3)
    return np.where(inside, packed.importances[span] * np.float32(area) / np.maximum(w, 1e-6) ** 2, 0)
