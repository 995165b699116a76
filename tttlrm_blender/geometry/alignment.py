# SPDX-License-Identifier: GPL-3.0-or-later
"""Similarities that align points or cameras with others (Procrustes analysis; Umeyama 1991)."""

from __future__ import annotations

import numpy as np

from .similarity import Similarity


def nearest_rotation(
    matrix: np.ndarray,  # [3, 3]
) -> np.ndarray:  # [3, 3]
    """The rotation R nearest to a matrix M, which maximizes trace(Rᵀ M)."""
    left, _, right = np.linalg.svd(matrix)
    return left @ np.diag([1, 1, np.sign(np.linalg.det(left @ right))]) @ right


def align_points(
    source: np.ndarray,  # [N, 3]
    target: np.ndarray,  # [N, 3]
) -> Similarity:
    """The similarity that maps points to their counterparts with the least squared error."""
    p, q = source - source.mean(0), target - target.mean(0)
    rotation = nearest_rotation(q.T @ p)
    scale = float((q * (p @ rotation.T)).sum() / max((p**2).sum(), 1e-12))
    return Similarity(scale, rotation, target.mean(0) - scale * rotation @ source.mean(0))


def align_cameras(
    source: np.ndarray,  # [V, 4, 4], camera to world
    target: np.ndarray,  # [V, 4, 4], the same cameras in another world
) -> Similarity:
    """The similarity between two worlds with the same cameras: the rotation from their axes, the rest from their centers.

    It is well defined for two cameras and for cameras in a line, whose centers alone leave a rotation open.
    """
    rotation = nearest_rotation((target[:, :3, :3] @ source[:, :3, :3].transpose(0, 2, 1)).sum(0))
    centers = [each[:, :3, 3] for each in (source, target)]
    means = [each.mean(0) for each in centers]
    spreads = [np.linalg.norm(each - mean) for each, mean in zip(centers, means, strict=True)]
    scale = float(spreads[1] / spreads[0]) if min(spreads) > 0 else 1.0
    return Similarity(scale, rotation, means[1] - scale * rotation @ means[0])
