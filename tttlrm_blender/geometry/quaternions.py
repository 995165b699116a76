# SPDX-License-Identifier: GPL-3.0-or-later
"""Unit quaternions, w x y z, and rotation matrices."""

from __future__ import annotations

import numpy as np


def normalize(
    quats: np.ndarray,  # [..., 4]
) -> np.ndarray:  # [..., 4]
    """Quaternions scaled to unit length; zero becomes the identity.

    Quaternions of unit length up to rounding stay the same bit for bit, so that repeated reading and writing changes no file.
    """
    squares = np.einsum("...i,...i->...", quats, quats)[..., None]
    squares[np.abs(squares - 1) < 8 * np.finfo(quats.dtype).eps] = 1
    identity = np.array([1, 0, 0, 0], dtype=quats.dtype)
    return np.where(squares == 0, identity, quats / np.sqrt(np.where(squares == 0, 1, squares)))


def multiply(
    left: np.ndarray,  # [..., 4]
    right: np.ndarray,  # [..., 4]
) -> np.ndarray:  # [..., 4]
    """The rotation `right` followed by the rotation `left`."""
    a, b, c, d = np.moveaxis(left, -1, 0)
    w, x, y, z = np.moveaxis(right, -1, 0)
    product = (
        a * w - b * x - c * y - d * z,
        a * x + b * w + c * z - d * y,
        a * y - b * z + c * w + d * x,
        a * z + b * y - c * x + d * w,
    )
    return np.stack(product, axis=-1)


def to_matrices(
    quats: np.ndarray,  # [..., 4], of unit length
) -> np.ndarray:  # [..., 3, 3]
    """Rotation matrices that act on column vectors."""
    w, x, y, z = np.moveaxis(quats, -1, 0)
    rows = (
        (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    )
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def from_matrices(
    matrices: np.ndarray,  # [..., 3, 3], rotations
) -> np.ndarray:  # [..., 4]
    """Quaternions of rotation matrices, with the sign that makes the largest component positive.

    The matrix gives 4 q qᵀ; its row with the largest diagonal entry is q up to length, without cancellation.
    """
    m = np.moveaxis(matrices, (-2, -1), (0, 1))
    wx, wy, wz = m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1]
    xy, xz, yz = m[1, 0] + m[0, 1], m[0, 2] + m[2, 0], m[2, 1] + m[1, 2]
    ww, xx = 1 + m[0, 0] + m[1, 1] + m[2, 2], 1 + m[0, 0] - m[1, 1] - m[2, 2]
    yy, zz = 1 - m[0, 0] + m[1, 1] - m[2, 2], 1 - m[0, 0] - m[1, 1] + m[2, 2]
    rows = ((ww, wx, wy, wz), (wx, xx, xy, xz), (wy, xy, yy, yz), (wz, xz, yz, zz))
    outer = np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)
    best = np.argmax(np.stack((ww, xx, yy, zz), axis=-1), axis=-1)
    return normalize(np.take_along_axis(outer, best[..., None, None], axis=-2)[..., 0, :])


def to_smallest_three(
    quats: np.ndarray,  # [N, 4], of unit length, components in any order
) -> tuple[np.ndarray, np.ndarray]:
    """The index of the largest component, [N], and the other three in order, [N, 3], with the sign that makes it positive."""
    index = np.argmax(np.abs(quats), axis=1)
    largest = np.take_along_axis(quats, index[:, None], axis=1)
    return index, np.where(largest < 0, -quats, quats)[np.arange(4) != index[:, None]].reshape(-1, 3)


def from_smallest_three(
    small: np.ndarray,  # [N, 3]
    index: np.ndarray,  # [N], 0 to 3
) -> np.ndarray:  # [N, 4], components in the order that the index refers to
    """The inverse of `to_smallest_three`, for rounded components too."""
    chosen = np.arange(4) == index[:, None]
    quats = np.empty((len(small), 4), dtype=small.dtype)
    quats[~chosen] = small.reshape(-1)
    quats[chosen] = np.sqrt(np.maximum(1 - (small**2).sum(axis=1), 0))
    return quats
