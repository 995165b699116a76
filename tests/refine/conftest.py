# SPDX-License-Identifier: GPL-3.0-or-later
"""A little scene: colored blobs, photographed by the rasterizer from a ring of cameras."""

import numpy as np
import pytest
import torch

from tttlrm_blender.gaussians.gaussians import SH_DC, Gaussians
from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.photos.load import PhotoSet
from tttlrm_blender.poses.sparse_points import SparsePoints
from tttlrm_blender.render.rasterize import rasterize

VIEWS, SIZE, BLOBS = 8, 32, 90


@pytest.fixture(scope="session")
def blobs() -> Gaussians:
    """Opaque round splats of many colors around the origin, which fill the pictures."""
    random = np.random.default_rng(0)
    return Gaussians(
        means=random.uniform(-1.7, 1.7, (BLOBS, 3)).astype(np.float32),
        quats=np.tile(np.array([1, 0, 0, 0], np.float32), (BLOBS, 1)),
        scales=np.full((BLOBS, 3), 0.4, np.float32),
        opacities=np.full(BLOBS, 0.9, np.float32),
        sh=(random.uniform(-0.4, 0.4, (BLOBS, 1, 3)) / SH_DC).astype(np.float32),
    )


@pytest.fixture(scope="session")
def photos(blobs) -> PhotoSet:
    """The blobs as cameras in a ring of radius 4 see them."""
    cameras = ring(VIEWS)
    with torch.no_grad():
        images = rasterize(blobs.map(torch.as_tensor), cameras, (SIZE, SIZE)).rgb.clamp(0, 1).numpy()
    return PhotoSet([f"{view}.png" for view in range(VIEWS)], images, cameras)


@pytest.fixture(scope="session")
def points(blobs) -> SparsePoints:
    """Points near the middles of the blobs, in their colors."""
    noise = np.random.default_rng(1).normal(0, 0.02, blobs.means.shape)
    return SparsePoints((blobs.means + noise).astype(np.float32), blobs.sh[:, 0] * SH_DC + 0.5)


@pytest.fixture
def nothing(blobs) -> Gaussians:
    """No splats."""
    return blobs[:0]


def ring(count: int) -> Cameras:
    """Cameras that look at the origin from a circle around the y axis."""
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    forward = np.stack([-np.sin(angles), np.zeros(count), np.cos(angles)], 1)
    down = np.tile([0.0, 1.0, 0.0], (count, 1))
    c2w = np.tile(np.eye(4), (count, 1, 1))
    c2w[:, :3, :3] = np.stack([np.cross(down, forward), down, forward], 2)
    c2w[:, :3, 3] = -4 * forward
    intrinsics = np.tile([1.4 * SIZE, 1.4 * SIZE, SIZE / 2, SIZE / 2], (count, 1))
    return Cameras(c2w, intrinsics, np.full((count, 2), SIZE))
