# SPDX-License-Identifier: GPL-3.0-or-later
"""Which photos each photo is compared with, and at which depths: those that see the same points from other directions."""

from __future__ import annotations

import numpy as np

from ..geometry.cameras import Cameras
from ..progress import Listen, unheard

BEST_ANGLE, NARROW, WIDE = 12.0, 5.0, 12.0  # degrees between two rays to a point: the best, and standard deviations to both sides
FEWEST_POINTS = 30  # in front of the cameras; with fewer, points are guessed
MOST_POINTS = 2000
BEYOND = 1.5  # how far depths may exceed those of nearly all points
DEPTHS = 0.25, 8.0  # of guessed points, relative to where the cameras look


def scene_points(cameras: Cameras, points: np.ndarray | None) -> np.ndarray:
    """Some of the points [N, 3]; where too few of them are seen, points around the place that the cameras look at."""
    if points is not None and len(points):
        some = points[:: -(-len(points) // MOST_POINTS)].astype(np.float64)
        if visible(cameras, some)[0].any(0).sum() >= FEWEST_POINTS:
            return some
    centers, axes = cameras.c2w[:, :3, 3], cameras.c2w[:, :3, 2]
    across = np.eye(3) - axes[:, :, None] * axes[:, None]  # what is perpendicular to an axis
    middle = np.linalg.lstsq(across.sum(0), (across @ centers[..., None]).sum(0)[:, 0], rcond=None)[0]
    ahead = ((middle - centers) * axes).sum(1)
    baseline = np.linalg.norm(centers - centers.mean(0), axis=1).mean()
    depth = float(np.median(ahead)) if np.median(ahead) > baseline / 2 else 10 * baseline
    shares = np.geomspace(*DEPTHS, 16)
    return (centers[:, None] + depth * shares[:, None] * axes[:, None]).reshape(-1, 3)


def visible(cameras: Cameras, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whether V cameras have points [N, 3] in their pictures, and the depths of these: [V, N] each."""
    local = np.einsum("vji,vnj->vni", cameras.c2w[:, :3, :3], points[None] - cameras.c2w[:, None, :3, 3])
    depths = local[..., 2]
    places = (
        local[..., :2] / np.maximum(depths, 1e-9)[..., None] * cameras.intrinsics[:, None, :2] + cameras.intrinsics[:, None, 2:]
    )
    return (depths > 1e-9) & (places > 0).all(-1) & (places < cameras.sizes[:, None]).all(-1), depths


def choose_neighbors(cameras: Cameras, points: np.ndarray, count: int, listen: Listen = unheard) -> list[list[int]]:
    """For each of V cameras up to `count` others, the best first: those that see many of its points at a good angle."""
    seen, _ = visible(cameras, points)
    rays = points[None] - cameras.c2w[:, None, :3, 3]
    lengths = np.maximum(np.linalg.norm(rays, axis=-1), 1e-12)
    rays /= lengths[..., None]
    chosen = []
    for view in range(len(cameras)):
        listen()
        angles = np.degrees(np.arccos((rays * rays[view]).sum(-1).clip(-1, 1)))
        spread = np.where(angles < BEST_ANGLE, NARROW, WIDE)
        alike = np.minimum(lengths, lengths[view]) / np.maximum(lengths, lengths[view])  # sizes in the two pictures
        scores = (seen & seen[view]) * np.exp(-0.5 * ((angles - BEST_ANGLE) / spread) ** 2) * alike
        totals = scores.sum(1)
        totals[view] = 0
        order = np.argsort(-totals, kind="stable")[:count]
        chosen.append([int(other) for other in order if totals[other] > 0])
    return chosen


def depth_range(view: int, cameras: Cameras, points: np.ndarray) -> tuple[float, float]:
    """The least and the largest depth at which a camera's surfaces are looked for."""
    seen, depths = visible(cameras[[view]], points)
    found = depths[seen] if seen.sum() >= FEWEST_POINTS // 3 else visible(cameras, points)[1]
    near, far = np.percentile(found[found > 0], [1, 99])
    return float(near / BEYOND), float(far * BEYOND)
