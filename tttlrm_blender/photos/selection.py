# SPDX-License-Identifier: GPL-3.0-or-later
"""Which photos are used: held out for measuring, or chosen when there are more than wanted."""

from __future__ import annotations

import numpy as np

from .photo import Photo

ROUNDS = 50  # of Lloyd's iteration at most; it settles much sooner


def hold_out(photos: list[Photo], n: int) -> tuple[list[Photo], list[Photo]]:
    """Inputs and held-out photos: every n-th, the first included, is held out; none for n = 0."""
    held = [photo for index, photo in enumerate(photos) if n and index % n == 0]
    return [photo for index, photo in enumerate(photos) if not n or index % n], held


def select_views(photos: list[Photo], count: int) -> list[Photo]:
    """`count` photos spread over the scene, in their order: the one nearest each k-means center of position and direction.

    The result depends on nothing but the cameras. All photos come back when there are no more than `count`, or `count` is 0.
    """
    if not 0 < count < len(photos):
        return photos
    features = pose_features(photos)
    return [photos[index] for index in sorted(_nearest_to_centers(features, _centers(features, count)))]


def pose_features(photos: list[Photo]) -> np.ndarray:
    """Position, in units of the positions' spread, and viewing direction of each photo, [V, 6]."""
    c2w = np.stack([photo.c2w for photo in photos])
    offsets = c2w[:, :3, 3] - c2w[:, :3, 3].mean(0)
    spread = np.sqrt((offsets**2).sum(1).mean())
    return np.concatenate([offsets / max(spread, 1e-12), c2w[:, :3, 2]], axis=1)


def _centers(features: np.ndarray, count: int) -> np.ndarray:
    """Centers [count, F] by Lloyd's iteration from mutually distant points.

    scipy's `kmeans2` would save six lines and no time to speak of, but its roundings settle ties, and so the choice among
    cameras in a regular ring, otherwise.
    """
    centers = features[_distant(features, count)]
    for _ in range(ROUNDS):
        labels = _distances(features, centers).argmin(1)
        groups = [features[labels == label] for label in range(count)]
        moved = np.stack([group.mean(0) if len(group) else center for group, center in zip(groups, centers, strict=True)])
        if np.array_equal(moved, centers):
            break
        centers = moved
    return centers


def _distant(features: np.ndarray, count: int) -> list[int]:
    """Indices of points that are each as far as possible from those before; the first is the nearest to the mean."""
    chosen = [int(_distances(features, features.mean(0)[None])[:, 0].argmin())]
    while len(chosen) < count:
        gaps = _distances(features, features[chosen]).min(1)
        gaps[chosen] = -1
        chosen.append(int(gaps.argmax()))
    return chosen


def _nearest_to_centers(features: np.ndarray, centers: np.ndarray) -> set[int]:
    """One point for each center, none of them twice."""
    chosen: set[int] = set()
    for gaps in _distances(centers, features):
        gaps[list(chosen)] = np.inf
        chosen.add(int(gaps.argmin()))
    return chosen


def _distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Squared distances [len(first), len(second)]."""
    return ((first[:, None] - second[None]) ** 2).sum(-1)
