# SPDX-License-Identifier: GPL-3.0-or-later
"""Dense depth: how far away the surface in every pixel of every photo is, how it is turned, and how certain that is."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
import torch
from torch.nn import functional as F

from ..geometry.cameras import Cameras
from ..geometry.rays import camera_rays, pixel_centers
from ..kernels import torch_in_order
from ..photos.images import shrunk
from ..photos.load import PhotoSet
from ..progress import Listen, Report
from ..stages import Stage
from .consistency import confidence_of, confirmed
from .neighbors import choose_neighbors, depth_range, scene_points
from .patchmatch import match_view, pyramid

SIDE = 480  # pixels of the longest side of depth maps
NEIGHBORS = 8  # photos that each photo is compared with
MOST_COST = 0.6  # 1 minus the correlation with other photos; where it is larger, there is nothing to recognize
AGREEING = 0.1  # share of the work that is spent on comparing depth maps

Result = TypeVar("Result")
Work = Generator[None, None, Result]  # work in parts, with a result


@dataclass(frozen=True)
class DenseDepth:
    """Depth maps of V photos, in size at most `SIDE`."""

    depth: np.ndarray  # [V, h, w] float32, z in camera axes, in the units of the poses
    normal: np.ndarray  # [V, h, w, 3] float32, unit, in the world, to the camera's side
    confidence: np.ndarray  # [V, h, w] float32, 0 where depth and normal mean nothing, otherwise 1/2 to 1
    cameras: Cameras  # of these maps

    def __len__(self) -> int:
        return len(self.depth)


def dense_depth(
    photos: PhotoSet,
    points: np.ndarray | None = None,
    report: Report | None = None,
    side: int = SIDE,
    device: str | torch.device = "cpu",
) -> DenseDepth:
    """Match every photo with its neighbors, from nothing but poses; points [N, 3] in the world narrow the range of depths.

    Maps have at most `side` pixels along their longest side. Confidence is 0 where fewer than two other photos confirm a
    depth, as in the sky, on blank walls and on glass, and where the photos' weights are 0. Works on the given device; the
    result is numpy. Raises `Cancelled` when the report does.
    """
    return whole(depth_by_photo(photos, points, report, side, device))


def whole(work: Work[Result]) -> Result:
    """Do all of a work, and return its result."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


@torch.no_grad()
def depth_by_photo(
    photos: PhotoSet,
    points: np.ndarray | None = None,
    report: Report | None = None,
    side: int = SIDE,
    device: str | torch.device = "cpu",
) -> Work[DenseDepth]:
    """The same in parts of at most a second or so, between which its caller does other work."""
    report = report or Report()
    cameras = photos.cameras.resized(*shrunk(photos.images.shape[2], photos.images.shape[1], side))
    width, height = cameras.sizes[0].tolist()
    known = scene_points(cameras, points)
    listen = partial(report, Stage.DEPTH, 0)
    neighbors = choose_neighbors(cameras, known, NEIGHBORS, listen)
    if min(width, height) == 1:  # a line of pixels has no patches to compare
        neighbors = [[] for _ in neighbors]
    c2w, intrinsics = torch.from_numpy(cameras.c2w), torch.from_numpy(cameras.intrinsics)
    with torch_in_order():
        levels = pyramid(_images(photos, height, width, listen).to(device), intrinsics)
    planes = torch.tensor([0.0, 0.0, 1.0]).expand(len(photos), height, width, 3).clone()
    costs = torch.ones(len(photos), height, width)
    for view, others in enumerate(neighbors):
        yield
        if others:
            listen, between = partial(report, Stage.DEPTH, view / len(photos) * (1 - AGREEING)), depth_range(view, cameras, known)
            with torch_in_order():
                planes[view], costs[view] = match_view(view, others, levels, c2w, *between, listen)
    found = yield from _compared(planes, neighbors, cameras, report)
    found.confidence[(costs > MOST_COST).numpy()] = 0
    if photos.weights is not None:
        counted = resized(torch.from_numpy(photos.weights)[..., None], height, width)[..., 0] > 0.5
        found.confidence[~counted.numpy()] = 0
    return found


def _images(photos: PhotoSet, height: int, width: int, listen: Listen) -> torch.Tensor:
    """The photos at another size [V, height, width, 3], one by one, as all at once would need as much memory as the photos."""
    images = torch.empty(len(photos), height, width, 3)
    for view in range(len(photos)):
        listen()
        images[view] = resized(torch.from_numpy(photos.images[[view]]), height, width)[0]
    return images


def _compared(planes: torch.Tensor, neighbors: list[list[int]], cameras: Cameras, report: Report) -> Work[DenseDepth]:
    """Depth, normal and confidence of planes [V, h, w, 3] in the camera axes of each view."""
    c2w, intrinsics = torch.from_numpy(cameras.c2w), torch.from_numpy(cameras.intrinsics)
    depth, confidence, normal = torch.empty(planes.shape[:3]), torch.empty(planes.shape[:3]), torch.empty_like(planes)
    for view, others in enumerate(neighbors):
        yield
        report(Stage.DEPTH, 1 - AGREEING + view / len(planes) * AGREEING)
        with torch_in_order():
            inverse, count = confirmed(view, others, planes, c2w, intrinsics)
            depth[view] = (1 / inverse).nan_to_num(0, 0, 0).clamp(min=0)
            confidence[view] = torch.where(depth[view] > 0, confidence_of(count), 0)
            normal[view] = -F.normalize(planes[view], dim=-1) @ c2w[view, :3, :3].float().T
    return DenseDepth(depth.numpy(), normal.numpy(), confidence.numpy(), cameras)


def world_points(found: DenseDepth, view: int) -> np.ndarray:
    """Points [h, w, 3] float32 of a view's pixels in the world."""
    depth, lens = torch.from_numpy(found.depth[view]), torch.from_numpy(found.cameras.intrinsics[view]).float()
    local = camera_rays(pixel_centers(depth.shape[0], depth.shape[1], depth), lens) * depth[..., None]
    c2w = found.cameras.c2w[view].astype(np.float32)
    return local.numpy() @ c2w[:3, :3].T + c2w[:3, 3]


def resized(images: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Images [V, H, W, C] at another size [V, height, width, C]."""
    if images.shape[1:3] == (height, width):
        return images
    return F.interpolate(images.permute(0, 3, 1, 2), (height, width), mode="area").permute(0, 2, 3, 1)
