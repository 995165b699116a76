# SPDX-License-Identifier: GPL-3.0-or-later
"""Which photos are used: held-out views, and the choice of views when there are too many."""

from __future__ import annotations

import numpy as np

from .photo import Photo

ROUNDS = 50  # of Lloyd's iteration at most; it converges much sooner


def hold_out(photos: list[Photo], n: int) -> tuple[list[Photo], list[Photo]]:
    """Inputs and held-out photos: every n-th, the first included, is held out; none for n = 0."""
    held = [photo for index, photo in enumerate(photos) if n and index % n == 0]
    return [photo for index, photo in enumerate(photos) if not n or index % n], held


def select_views(photos: list[Photo], count: int) -> list[Photo]:
    """`count` photos spread over the scene, in their order: those nearest to the k-means centers of position and direction.

    The result depends only on the cameras. All photos are returned if there are no more than `count`, or `count` is 0.
    """
    if not 0 < count < len(photos):
        return photos
    features = pose_features(photos)
    return [photos[index] for index in sorted(_nearest_to_centers(features, _centers(features, count)))]


def pose_features(photos: list[Photo]) -> np.ndarray:
    """The `camera_features` of photos."""
    return camera_features(np.stack([photo.c2w for photo in photos]))


def camera_features(
    c2w: np.ndarray,  # [V, 4, 4]
) -> np.ndarray:
    """Position, in units of the spread of positions, and viewing direction of each camera, [V, 6]."""
    offsets = c2w[:, :3, 3] - c2w[:, :3, 3].mean(0)
    spread = np.sqrt((offsets**2).sum(1).mean())
    return np.concatenate([offsets / max(spread, 1e-12), c2w[:, :3, 2]], axis=1)


def _centers(features: np.ndarray, count: int) -> np.ndarray:
    """Centers [count, F] by Lloyd's iteration from mutually distant points.

    scipy's `kmeans2` would save six lines and hardly any time, but rounds differently, which changes how ties are broken and
    so which cameras of a regular ring are chosen.
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
    """Indices of points, each as far as possible from those before it; the first is the nearest to the mean."""
    chosen = [int(_distances(features, features.mean(0)[None])[:, 0].argmin())]
    while len(chosen) < count:
        gaps = _distances(features, features[chosen]).min(1)
        gaps[chosen] = -1
        chosen.append(int(gaps.argmax()))
    return chosen


def _nearest_to_centers(features: np.ndarray, centers: np.ndarray) -> set[int]:
    """The index of the nearest point to each center, none of them twice."""
    chosen: set[int] = set()
    for gaps in _distances(centers, features):
        gaps[list(chosen)] = np.inf
        chosen.add(int(gaps.argmin()))
    return chosen


def _distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Squared distances [len(first), len(second)]."""
    return ((first[:, None] - second[None]) ** 2).sum(-1)
