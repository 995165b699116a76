# SPDX-License-Identifier: GPL-3.0-or-later
"""Continue the ground where photos show it but confirm no depth, as they do in the shade, at their borders and at grazing angles.

A plan of the ground, as a camera high above would see it, tells where it goes on. It is fused like any other view. Splats that
show the ground where it is not, as haze before it below the borders of tables or in depths below it, have its color.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.ndimage import uniform_filter

from ..geometry.cameras import Cameras
from ..geometry.up import up_direction
from ..progress import Listen, unheard
from .agreement import TOLERANCE
from .depth_maps import MIN_COSINE, DepthMaps, rays
from .known_planes import WINDOW, Field, inverse_planes, known_planes
from .scene_box import scene_box
from .texture import dilated

STEEP = 25.0  # degrees, largest tilt against the cameras' level
DEEPER, LOWEST = 0.02, 0.01  # of a camera's height above the ground, and share of the known pixels that may lie deeper
NEARER, FARTHER = 0.8, 1.25  # of the ground's depth: splats beyond are those of something else, such as a floor below a table
HAZE = 0.7  # of the ground's depth: nearer splats are no haze before it
ALIKE = 16  # mean difference of colors, 0 to 255, up to which what splats show before or below the ground is the ground
AROUND = 9  # side of the squares of the plan in which the majority decides


class Plan(NamedTuple):
    """Points of the ground below the pixels of a camera that looks straight down."""

    points: np.ndarray  # [H, W, 3]
    camera: Cameras
    height: float  # of the camera above the ground


def with_ground(
    agreed: DepthMaps,  # with confidence where the surface is known
    splats: DepthMaps,  # the same views, with the depth of splats
    photos: np.ndarray,  # [V, H, W, 3] uint8, sRGB
    faith: float,  # in splats, relative to the depth of photos
    listen: Listen = unheard,
) -> DepthMaps:
    """The maps without splats astray and with one more, of the ground as far as any view shows it, as trusted as splats.

    They are left as they are if no level plane has all else and the cameras above it. A view shows the ground where its depth is
    known, and where nothing is known and splats are not much nearer or farther.
    """
    ground = _ground(agreed, known_planes(agreed), listen)
    if ground is None:
        return agreed
    plan = _plan(ground, agreed)
    color, shown = _looked_up(plan, ground, agreed, splats, listen)
    if not shown.any():
        return agreed
    color = dilated(color, shown)
    clear = np.stack(
        [_not_astray(view, plan, ground, color, shown, agreed, photos[view], faith, listen) for view in range(len(agreed))]
    )
    depth = np.full(shown.shape, plan.height, np.float32)
    confidence = np.where(shown | (uniform_filter(shown.astype(np.float32), AROUND) > 0.5), np.float32(faith), 0)
    cameras = zip(*((each.c2w, each.intrinsics, each.sizes) for each in (agreed.cameras, plan.camera)), strict=True)
    return DepthMaps(
        np.concatenate([agreed.depth, depth[None]]),
        np.concatenate([np.where(clear, agreed.confidence, 0), confidence[None]]),
        np.concatenate([agreed.color, color[None]]),
        Cameras(*map(np.concatenate, cameras)),
        plans=1,
    )


def _ground(maps: DepthMaps, planes: list[Field], listen: Listen) -> Field | None:
    """The largest level plane that hardly anything known lies below and most cameras are above, with its normal up."""
    up = up_direction(maps.cameras.c2w, [])
    for plane in planes:
        listen()
        sign = float(np.sign(plane.normal @ up))
        level = sign * plane.normal @ up > np.cos(np.radians(STEEP))
        above = np.median(sign * (maps.cameras.c2w[:, :3, 3] @ plane.normal - plane.offset)) > 0  # which no ceiling has
        if level and above and _share_below(plane, maps) < LOWEST:
            return plane._replace(normal=sign * plane.normal, offset=sign * plane.offset)
    return None


def _share_below(plane: Field, maps: DepthMaps) -> float:
    """The share of the known pixels that lie behind a plane as a camera above it sees them."""
    below = 0
    for view, c2w in enumerate(maps.cameras.c2w):
        inverse = rays(maps.cameras.intrinsics[view], *maps.depth.shape[1:]) @ inverse_planes([plane], c2w)[0]
        below += np.count_nonzero((maps.confidence[view] > 0) & (maps.depth[view] * inverse > 1 + DEEPER))
    return below / max(np.count_nonzero(maps.confidence), 1)


def _plan(ground: Field, maps: DepthMaps) -> Plan:
    """A plan of the ground in the scene's box, its longer side along the rows."""
    corners = np.stack(np.meshgrid(*zip(*scene_box(maps), strict=True)), axis=-1).reshape(-1, 3)
    right = ground.axes[0] / np.linalg.norm(ground.axes[0])
    down = np.cross(right, ground.normal)  # of the picture: x right, y down, z along the view
    low, high = (getattr(corners @ np.stack([right, down], axis=1), end)(axis=0) for end in ("min", "max"))
    height, width = maps.depth.shape[1:]
    if (high - low)[0] < (high - low)[1]:
        right, down = down, -right
        low, high = np.array([low[1], -high[0]]), np.array([high[1], -low[0]])
    cell = float(((high - low) / [width, height]).max())
    up = float((high - low).max())
    middle = (low + high) / 2 @ np.stack([right, down]) + ground.offset * ground.normal
    c2w = np.eye(4)
    c2w[:3] = np.stack([right, down, -ground.normal, middle + up * ground.normal], axis=1)
    lens = np.array([up / cell, up / cell, width / 2, height / 2])
    points = up * rays(lens, height, width) @ c2w[:3, :3].T + c2w[:3, 3]
    return Plan(points, Cameras(c2w[None], lens[None], np.array([[width, height]])), up)


def _looked_up(
    plan: Plan, ground: Field, agreed: DepthMaps, splats: DepthMaps, listen: Listen
) -> tuple[np.ndarray, np.ndarray]:  # [H, W, 3] uint8, [H, W] bool
    """The mean color that views show of the ground, and whether any does."""
    inside = (np.abs((plan.points - ground.center) @ ground.axes.T) <= 1).all(axis=-1)
    points = plan.points[inside]
    total, count = np.zeros((len(points), 3), np.float32), np.zeros(len(points), np.int32)
    for view in range(len(agreed)):
        listen()
        shown, row, column = _shown(points, ground, agreed, splats.depth[view], view)
        total[shown] += agreed.color[view][row, column]
        count[shown] += 1
    color, seen = np.zeros((*inside.shape, 3), np.uint8), np.zeros(inside.shape, bool)
    color[inside], seen[inside] = total / np.maximum(count, 1)[:, None], count > 0
    return color, seen


def _not_astray(
    view: int,
    plan: Plan,
    ground: Field,
    color: np.ndarray,  # [H, W, 3] uint8, of the plan
    shown: np.ndarray,  # [H, W] bool, of the plan
    maps: DepthMaps,
    photo: np.ndarray,  # [H, W, 3] uint8
    faith: float,
    listen: Listen,
) -> np.ndarray:  # [H, W] bool
    """Where a view has no splats a little before or below the ground in its color."""
    listen()
    directions = rays(maps.cameras.intrinsics[view], *photo.shape[:2])
    inverse = directions @ inverse_planes([ground], maps.cameras.c2w[view])[0]
    depth = maps.depth[view] * inverse  # of the ground's
    astray = (depth > HAZE) & (depth < FARTHER) & (np.abs(depth - 1) > 2 * TOLERANCE)
    row, column = np.nonzero(astray & (maps.confidence[view] > 0) & (maps.confidence[view] < faith))
    c2w = maps.cameras.c2w[view]
    points = directions[row, column] / inverse[row, column, None] @ c2w[:3, :3].T + c2w[:3, 3]
    found, y, x = _places(points, plan.camera, shown.shape)
    found, y, x = (each[shown[y, x]] for each in (found, y, x))
    row, column = row[found], column[found]
    colors = uniform_filter(photo, (WINDOW, WINDOW, 0))
    alike = np.abs(color[y, x].astype(np.float32) - colors[row, column]).mean(axis=-1) < ALIKE
    result = np.ones(photo.shape[:2], bool)
    result[row[alike], column[alike]] = False
    return result


def _places(points: np.ndarray, camera: Cameras, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Indices of the points [N, 3] that a camera has in its picture [H, W], and their rows and columns."""
    pose, lens = np.linalg.inv(camera.c2w[0]), camera.intrinsics[0]
    local = points @ pose[:3, :3].T + pose[:3, 3]
    found = np.flatnonzero(local[:, 2] > 0)
    column, row = np.floor(local[found, :2] / local[found, 2:] * lens[:2] + lens[2:]).T
    inside = (row >= 0) & (column >= 0) & (row < shape[0]) & (column < shape[1])
    return found[inside], row[inside].astype(np.int64), column[inside].astype(np.int64)


def _shown(
    points: np.ndarray, ground: Field, maps: DepthMaps, splats: np.ndarray, view: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Indices of the points [N, 3] of the ground that a view shows, and their rows and columns."""
    c2w = maps.cameras.c2w[view]
    found, row, column = _places(points, maps.cameras[[view]], splats.shape)
    away = points[found] - c2w[:3, 3]
    depth, facing = away @ c2w[:3, 2], away @ -ground.normal / np.linalg.norm(away, axis=1)
    known = np.abs(maps.depth[view][row, column] / depth - 1) < 2 * TOLERANCE
    near = (splats[row, column] > NEARER * depth) & (splats[row, column] < FARTHER * depth)
    shown = np.where(maps.confidence[view][row, column] > 0, known, near) & (facing > MIN_COSINE)
    return found[shown], row[shown], column[shown]
