# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats that are surfaces, as meshes need them.

Splats that are slanted or stick out of surfaces can match all photos, but meshes read depth and normals from them. So the
thinnest axis of each splat is held to the normal of the surface at its place, as stereo knows it or as the depth that is drawn
shows it (depth–normal consistency, Huang et al. 2024, "2D Gaussian Splatting", once per splat instead of once per pixel and
splat), and extent along that axis costs something (Chen et al. 2024, "PGSR"). Nothing more has to be drawn for this.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional as F

from ..gaussians.gaussians import Gaussians
from ..geometry.cameras import Cameras
from ..geometry.rays import camera_rays, pixel_centers
from ..render.rasterize import Rendering
from ..render.reference import rotations
from ..stereo.dense import DenseDepth
from .depth_prior import LEAST_DEPTH, nearest

TURNING, THICKNESS = 0.05, 0.02  # weights of the two terms in the loss
OPAQUE = 0.5  # alpha from which the depth that is drawn is a surface's
STEP = 0.05  # of depth between the pixels beside a pixel, relative to it, from which there is an edge
NEAR = 0.02  # distance to the surface along the camera's axis, relative to its depth, up to which splats belong to it


@dataclass(frozen=True)
class Shown:
    """The surface that a view shows, with what is known of it."""

    depth: torch.Tensor  # [H, W], as drawn
    normal: torch.Tensor  # [H, W, 3], unit, in the world: known ones, otherwise those of the depth that is drawn
    there: torch.Tensor  # [H, W] bool, whether these mean something


def surface_loss(
    splats: Gaussians[torch.Tensor],
    drawn: Rendering,
    cameras: Cameras,  # of one view
    found: DenseDepth | None,
    view: int,  # its number in `found`
) -> torch.Tensor:
    """What keeps splats that are drawn for a photo from being surfaces: a scalar, differentiable in the splats."""
    shown = _shown(drawn, cameras, found, view)
    rows, pixels = _splats_at(splats, drawn, cameras, shown)
    scales, normals = splats.scales[rows], shown.normal[pixels]
    axes = rotations(splats.quats[rows])[torch.arange(len(rows)), :, scales.argmin(-1)]
    thinnest, middle, _ = scales.sort(-1).values.unbind(-1)
    weight = splats.opacities[rows].detach()
    costs = TURNING * (1 - (axes * normals).sum(-1).abs()) + THICKNESS * thinnest / middle.detach()
    return (weight * costs).sum() / weight.sum().clamp(min=1)


@torch.no_grad()
def _shown(drawn: Rendering, cameras: Cameras, found: DenseDepth | None, view: int) -> Shown:
    """The surface that is drawn for a view."""
    depth = drawn.depth[0]
    normal, there = depth_normals(depth, cameras)
    there = there & (drawn.alpha[0] > OPAQUE)
    if found is None:
        return Shown(depth, normal, there)
    known = torch.stack([nearest(found.normal[view][..., axis], depth) for axis in range(3)], -1)
    sure = nearest(found.confidence[view], depth) > 0
    return Shown(depth, torch.where(sure[..., None], known, normal), there | sure)


@torch.no_grad()
def _splats_at(
    splats: Gaussians[torch.Tensor], drawn: Rendering, cameras: Cameras, shown: Shown
) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor]]:
    """The splats [M] on the surface, and the rows and columns [M] of the pixels of their centers."""
    height, width = shown.depth.shape
    columns, rows = drawn.means2d[0].floor().long().unbind(-1)
    inside = (drawn.radii[0] > 0) & (columns >= 0) & (rows >= 0) & (columns < width) & (rows < height)
    indices = inside.nonzero()[:, 0]
    pixels = rows[indices], columns[indices]
    pose = torch.as_tensor(cameras.c2w[0]).to(shown.depth)
    z = (splats.means[indices] - pose[:3, 3]) @ pose[:3, 2]
    near = ((z / shown.depth[pixels].clamp(min=LEAST_DEPTH)).log().abs() < NEAR) & shown.there[pixels]
    return indices[near], (pixels[0][near], pixels[1][near])


def depth_normals(
    depth: torch.Tensor,  # [H, W]
    cameras: Cameras,  # of one view
) -> tuple[torch.Tensor, torch.Tensor]:
    """Normals [H, W, 3] of a depth map in the world, to the camera's side, and where they mean something: [H, W] bool.

    They mean nothing at the border, and at edges, where the depth changes by more than `STEP` from one side to the other.
    """
    height, width = depth.shape
    lens = torch.as_tensor(cameras.resized(width, height).intrinsics[0]).to(depth)
    points = camera_rays(pixel_centers(height, width, depth), lens) * depth[..., None]
    right, down = points[1:-1, 2:] - points[1:-1, :-2], points[2:, 1:-1] - points[:-2, 1:-1]
    most = STEP * depth[1:-1, 1:-1]
    smooth = (right[..., 2].abs() < most) & (down[..., 2].abs() < most)
    normal = F.normalize(torch.linalg.cross(down, right), dim=-1) @ torch.as_tensor(cameras.c2w[0, :3, :3]).to(depth).T
    return F.pad(normal, (0, 0, 1, 1, 1, 1)), F.pad(smooth, (1, 1, 1, 1))
