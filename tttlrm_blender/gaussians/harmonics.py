# SPDX-License-Identifier: GPL-3.0-or-later
"""Real spherical harmonics up to degree 3, in the order and with the signs of Gaussian splatting."""

from __future__ import annotations

import numpy as np


def basis(
    directions: np.ndarray,  # [..., 3], of unit length
    degree: int,  # 0 to 3
) -> np.ndarray:  # [..., (degree + 1)²]
    """The basis functions at directions that point from the eye to the splat."""
    x, y, z = np.moveaxis(directions, -1, 0)
    xx, yy, zz = x * x, y * y, z * z
    values = [np.full_like(x, np.sqrt(1 / (4 * np.pi)))]
    if degree > 0:
        values += [factor * np.sqrt(3 / (4 * np.pi)) for factor in (-y, z, -x)]
    if degree > 1:
        a = np.sqrt(15 / (4 * np.pi))
        values += [a * x * y, -a * y * z, np.sqrt(5 / (16 * np.pi)) * (2 * zz - xx - yy), -a * x * z, a / 2 * (xx - yy)]
    if degree > 2:
        a, b, c = np.sqrt(35 / (32 * np.pi)), np.sqrt(105 / (4 * np.pi)), np.sqrt(21 / (32 * np.pi))
        values += [-a * y * (3 * xx - yy), b * x * y * z, -c * y * (4 * zz - xx - yy)]
        values += [np.sqrt(7 / (16 * np.pi)) * z * (2 * zz - 3 * xx - 3 * yy)]
        values += [-c * x * (4 * zz - xx - yy), b / 2 * z * (xx - yy), -a * x * (xx - 3 * yy)]
    return np.stack(values, axis=-1)


def colors(
    sh: np.ndarray,  # [N, K, 3]
    directions: np.ndarray,  # [N, 3], of unit length, from the eye to the splat
) -> np.ndarray:  # [N, 3]
    """sRGB colors of splats seen along directions: max(0, 0.5 + SH)."""
    values = basis(directions, int(sh.shape[1] ** 0.5) - 1)
    return np.maximum(0.5 + np.einsum("nk,nkc->nc", values, sh), 0)


def turning(
    rotation: np.ndarray,  # [3, 3], orthogonal, mirrored or not
    degree: int,  # 0 to 3
) -> np.ndarray:  # [K, K] float64
    """The matrix that turns coefficients together with the thing they color.

    Turned coefficients must give along R d what the old ones gave along d. Each degree's functions span a space that
    rotations keep, so the linear system over enough directions has an exact solution.
    """
    directions = np.random.default_rng(0).normal(size=(64, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return np.linalg.lstsq(basis(directions @ np.transpose(rotation), degree), basis(directions, degree), rcond=None)[0]


def turn(
    sh: np.ndarray,  # [N, K, 3]
    rotation: np.ndarray,  # [3, 3], orthogonal, mirrored or not
) -> np.ndarray:  # [N, K, 3]
    """Coefficients of splats that were rotated."""
    count, terms, _ = sh.shape
    matrix = turning(rotation, int(terms**0.5) - 1)
    # One product with a [3 K, 3 K] matrix is many times faster than N products with small ones.
    wide = np.kron(matrix.T, np.eye(3)).astype(sh.dtype)
    return (sh.reshape(count, 3 * terms) @ wide).reshape(sh.shape)
