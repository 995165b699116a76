# SPDX-License-Identifier: GPL-3.0-or-later
"""Transforms of splats: centers, shapes and colors together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..errors import Code, TttlrmError
from ..geometry import quaternions
from . import ellipsoids, harmonics
from .gaussians import Gaussians

TOLERANCE = 1e-4  # largest deviation of a matrix from a rotation times a scale that still counts as one


def apply_similarity(
    gaussians: Gaussians[np.ndarray],
    scale: float,
    rotation: np.ndarray,  # [3, 3], orthogonal, mirrored or not
    translation: np.ndarray,  # [3], in new world units
) -> Gaussians[np.ndarray]:
    """Numpy splats under x' = scale · rotation x + translation, with exactly the same appearance.

    Raises `TttlrmError` when the scale is not positive or the matrix is not orthogonal.
    """
    rotation, translation = np.asarray(rotation, dtype=np.float64), np.asarray(translation, dtype=np.float64)
    if not (scale > 0 and np.isfinite(scale) and np.allclose(rotation @ rotation.T, np.eye(3), atol=TOLERANCE)):
        raise _bad_transform()
    # Splats are symmetric about their centers, so mirroring equals rotation by −`rotation`, which is then proper.
    turn = quaternions.from_matrices(rotation * np.sign(np.linalg.det(rotation))).astype(np.float32)
    return replace(
        gaussians,
        means=_moved(gaussians.means, scale * rotation, translation),
        quats=quaternions.normalize(quaternions.multiply(turn, gaussians.quats)),
        scales=gaussians.scales * np.float32(scale),
        sh=harmonics.turn(gaussians.sh, rotation),
    )


def apply_matrix(
    gaussians: Gaussians[np.ndarray],
    matrix: np.ndarray,  # [4, 4], acting on column vectors
) -> Gaussians[np.ndarray]:
    """Numpy splats under any invertible affine map, such as the matrix of an object.

    Shapes follow exactly; under an anisotropic map, view-dependent colors follow its rotation only.
    Raises `TttlrmError` when the matrix flattens space or is not finite.
    """
    matrix = _checked(matrix)
    linear, translation = matrix[:3, :3], matrix[:3, 3]
    rotation = rotation_of(linear)
    if is_similarity(matrix):
        return apply_similarity(gaussians, float(np.linalg.svd(linear, compute_uv=False).mean()), rotation, translation)
    quats, scales = ellipsoids.stretched(gaussians.quats, gaussians.scales, linear)
    means = _moved(gaussians.means, linear, translation)
    return replace(gaussians, means=means, quats=quats, scales=scales, sh=harmonics.turn(gaussians.sh, rotation))


def is_similarity(
    matrix: np.ndarray,  # [4, 4]
) -> bool:
    """Whether an affine map scales all directions equally, so that view-dependent colors follow exactly."""
    stretch = np.linalg.svd(np.asarray(matrix, dtype=np.float64)[:3, :3], compute_uv=False)
    return np.allclose(stretch, stretch.mean(), rtol=TOLERANCE, atol=0)


def inverse(
    matrix: np.ndarray,  # [4, 4]
) -> np.ndarray:  # [4, 4] float64
    """The inverse of an affine map. Raises `TttlrmError` when it flattens space or is not finite."""
    return np.linalg.inv(_checked(matrix))


def _checked(matrix: np.ndarray) -> np.ndarray:
    matrix = np.asarray(matrix, dtype=np.float64)
    if not (np.isfinite(matrix).all() and abs(np.linalg.det(matrix[:3, :3])) > 1e-30):
        raise _bad_transform()
    return matrix


def rotation_of(
    linear: np.ndarray,  # [..., 3, 3]
) -> np.ndarray:  # [..., 3, 3], orthogonal, mirrored where the map is
    """The orthogonal matrix nearest to a linear map, which the colors of splats follow."""
    left, _, right = np.linalg.svd(linear)
    return left @ right


def _moved(means: np.ndarray, linear: np.ndarray, translation: np.ndarray) -> np.ndarray:
    return (means @ linear.T + translation).astype(np.float32)


def _bad_transform() -> TttlrmError:
    hint = "Give it a scale other than zero on all axes."
    return TttlrmError("Splats cannot be transformed by this matrix.", hint=hint, code=Code.BAD_TRANSFORM)
