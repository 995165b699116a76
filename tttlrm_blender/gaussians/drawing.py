# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats made ready for a GPU that draws them one over the other: packed into textures, and put in order.

Nothing here keeps a state or looks at anything but its arguments, so any thread may call it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .gaussians import Gaussians
from .transform import rotation_of

WIDTH = 16384  # texels in a row of a texture, which every GPU with OpenGL 4.3 can have
SHAPE_TEXELS = 3  # center and opacity; rotation w x y z; scale
TERMS_TOGETHER = 4  # color coefficients that fill whole texels: 4 · 3 floats in 3 texels
PLACE_TEXELS = 6  # object to view, three rows; direction in the view to direction in the object, three rows
MOST = 2**24  # splats that are told apart: their numbers go to the GPU as float32
MARGIN = 1.3  # of the view, within which splats count when there are too many
BLOCK = 4096  # splats that are interleaved together, so that all of their texels fit into a cache


@dataclass(frozen=True)
class Cloud:
    """N splats as Blender keeps them: an array for every attribute."""

    means: np.ndarray  # [N, 3] float32
    quats: np.ndarray  # [N, 4] float32, w x y z
    scales: np.ndarray  # [N, 3] float32, standard deviations
    base: np.ndarray  # [N, 4] float32, the constant color coefficient and the opacity
    coefficients: list[np.ndarray]  # the others, [N, 3] float32 each

    def __len__(self) -> int:
        return len(self.means)

    @staticmethod
    def of(splats: Gaussians[np.ndarray]) -> Cloud:
        """Numpy splats in that layout."""
        base = np.column_stack((splats.sh[:, 0], splats.opacities))
        return Cloud(splats.means, splats.quats, splats.scales, base, list(np.ascontiguousarray(splats.sh[:, 1:].swapaxes(0, 1))))


@dataclass(frozen=True)
class Texels:
    """What the GPU needs to know about N splats."""

    shapes: np.ndarray  # [rows, WIDTH, 4] float32, `SHAPE_TEXELS` for each splat
    harmonics: np.ndarray  # [rows, WIDTH, 4] float32, terms · 3 / 4 texels for each splat
    terms: int  # color coefficients of every splat, a multiple of `TERMS_TOGETHER`


@dataclass(frozen=True)
class Packed:
    """What sorting needs to know about N splats of one or several clouds, in the coordinates of their objects."""

    means: np.ndarray  # [N, 3] float32
    importances: np.ndarray  # [N] float32, opacity · area of the widest cross-section
    starts: np.ndarray  # [clouds + 1] int, where the splats of each cloud begin; the last is N


@dataclass(frozen=True)
class Eye:
    """Where splats are seen from: OpenGL's matrices, acting on column vectors."""

    view: np.ndarray  # [4, 4], world to view, which looks along −z
    projection: np.ndarray  # [4, 4], view to clip space


@dataclass(frozen=True)
class Placed:
    """One appearance of a cloud."""

    cloud: int
    matrix: np.ndarray  # [4, 4], object to world


def pack(clouds: Sequence[Cloud]) -> tuple[Packed, Texels]:
    """At least one cloud as the texels that the shader reads, and what sorting them takes."""
    starts = np.cumsum([0, *(len(cloud) for cloud in clouds)])
    terms = -(-max(1 + len(cloud.coefficients) for cloud in clouds) // TERMS_TOGETHER) * TERMS_TOGETHER
    shapes, per_shape = _texels(starts[-1], SHAPE_TEXELS)
    harmonics, per_color = _texels(starts[-1], terms * 3 // 4)
    for (start, stop), cloud in zip(pairwise(starts), clouds, strict=True):
        interleave([cloud.means, cloud.base[:, 3:], cloud.quats, cloud.scales], per_shape[start:stop])
        interleave([cloud.base[:, :3], *cloud.coefficients], per_color[start:stop])
    means = np.concatenate([cloud.means for cloud in clouds])
    importances = np.concatenate([_importances(cloud) for cloud in clouds])
    return Packed(means, importances, starts), Texels(shapes, harmonics, terms)


def interleave(
    columns: Sequence[np.ndarray],  # [N, any] float32 each
    rows: np.ndarray,  # [N, at least as many as all together] float32
) -> None:
    """Write columns beside each other into rows, and zeros after them.

    What a splat has in a column is copied as one thing, block by block: five times as fast as plain assignments to slices.
    """
    edges = np.cumsum([0, *(column.shape[1] for column in columns)])
    targets = [_things(rows[:, start:stop]) for start, stop in pairwise(edges)]
    sources = [_things(column) for column in columns]
    rows[:, edges[-1] :] = 0
    for start in range(0, len(rows), BLOCK):
        for target, source in zip(targets, sources, strict=True):
            target[start : start + BLOCK] = source[start : start + BLOCK]


def _things(rows: np.ndarray) -> np.ndarray:
    """Rows of numbers as single elements of as many bytes: [N]."""
    return rows.view(np.dtype((np.void, rows.shape[1] * rows.itemsize)))[:, 0]


def back_to_front(packed: Packed, placed: Sequence[Placed], eye: Eye, budget: int) -> tuple[np.ndarray, int]:
    """Which splat of which appearance is drawn when: [rows, WIDTH, 2] float32 texels, of which the first `count` are used.

    Of more than `budget` splats those are drawn whose opacity · area is the largest as the eye sees it.
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
    """The order from the largest to the smallest; equal values keep theirs.

    Sorting the bits of float32 as two 16-bit digits, for which numpy has a radix sort, is five times as fast as argsort.
    """
    bits = values.view(np.uint32)
    keys = np.where(bits >> 31, bits, ~bits & 0x7FFFFFFF)
    order = np.argsort(keys.astype(np.uint16), kind="stable")
    return order[np.argsort((keys >> 16).astype(np.uint16)[order], kind="stable")]


def places(placed: Sequence[Placed], eye: Eye) -> np.ndarray:
    """`PLACE_TEXELS` for each appearance: [rows, WIDTH, 4] float32.

    Colors are looked up along the direction of view in the object's own axes, which follow the rotation in its matrix as they do
    when the matrix is applied to the splats.
    """
    matrices = np.stack([one.matrix for one in placed])
    texture, rows = _texels(len(placed), PLACE_TEXELS)
    rows[:] = 0
    rows = rows.reshape(len(placed), PLACE_TEXELS, 4)
    rows[:, :3] = (eye.view @ matrices)[:, :3]
    rows[:, 3:, :3] = np.swapaxes(rotation_of(matrices[:, :3, :3]), 1, 2) @ rotation_of(eye.view[:3, :3]).T
    return texture


def _texels(count: int, each: int, channels: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """A texture with `each` texels for every splat, not filled yet, and a view of it by splats: [count, each · channels].

    Not zeros: Linux gives large empty arrays to numpy in large pages, which halves the time of packing.
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
    """Opacity · area on the screen, without the constants that all share; 0 outside of the view."""
    to_clip = (eye.projection @ eye.view @ placed.matrix).astype(np.float32)
    x, y, _, w = to_clip[:, :3] @ packed.means[span].T + to_clip[:, 3:]
    inside = (w > 0) & (np.maximum(abs(x), abs(y)) < MARGIN * w)
    area = abs(np.linalg.det(placed.matrix[:3, :3])) ** (2 / 3)
    return np.where(inside, packed.importances[span] * np.float32(area) / np.maximum(w, 1e-6) ** 2, 0)
