# SPDX-License-Identifier: GPL-3.0-or-later
"""Known depths as a prior."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.refine.conftest import ring
from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.poses.sparse_points import SparsePoints
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import RefineSettings
from tttlrm_blender.refine.depth_prior import WEIGHT, depth_loss
from tttlrm_blender.refine.known_depth import KnownDepth
from tttlrm_blender.refine.optimize import refine
from tttlrm_blender.render.rasterize import Rendering, rasterize
from tttlrm_blender.stereo.dense import DenseDepth

SIDE = 32
FAR, NEAR = 4.0, 1.0  # distances of a wall and of fog before it


@pytest.fixture(scope="module")
def wall(blobs) -> Gaussians:
    """An opaque wall before the first camera of a ring, and a faint splat halfway to it."""
    big = replace(blobs[:2], scales=np.array([[9, 9, 0.001], [0.5, 0.5, 0.001]], np.float32))
    return replace(big, means=np.array([[0, 0, 0], [0, 0, NEAR - FAR]], np.float32), opacities=np.array([0.99, 0.2], np.float32))


def drawn(splats: Gaussians) -> Rendering:
    return rasterize(splats, ring(1), (SIDE, SIDE))


def known(depth: np.ndarray | float, confidence: float = 1.0) -> DenseDepth:
    """Depth maps [V, h, w], or one of a constant depth, of surfaces that face the camera."""
    maps = np.full((1, 8, 8), depth, np.float32) if isinstance(depth, float) else depth
    normal = np.tile(np.float32([0, 0, -1]), (*maps.shape, 1))
    return DenseDepth(maps, normal, np.full_like(maps, confidence), ring(len(maps)))


def loss(found: DenseDepth, splats: Gaussians) -> torch.Tensor:
    return depth_loss(found, 0, drawn(splats))


def test_fog_costs_and_fades(wall):
    splats = wall.map(lambda array: torch.tensor(array).requires_grad_())
    foggy = loss(known(FAR), splats)
    foggy.backward()
    assert foggy > loss(known(FAR), wall[:1].map(torch.tensor))
    assert splats.opacities.grad is not None and splats.opacities.grad[1] > 0  # less opacity, less loss


def test_loss_is_the_relative_error_of_depth(wall):
    assert loss(known(2 * FAR), wall[:1].map(torch.tensor)) == pytest.approx(WEIGHT * np.log(2), rel=0.02)


def test_nothing_known_costs_nothing(wall):
    assert loss(known(1.0, confidence=0.0), wall.map(torch.tensor)) == 0
    assert loss(known(1.0), wall[:0].map(torch.tensor)) == 0


def test_refinement_puts_splats_where_the_depth_is_known(nothing, blobs, photos, points):
    noise = np.random.default_rng(3).normal(0, 0.5, points.means.shape)
    astray = SparsePoints(points.means + noise.astype(np.float32), points.colors)
    size = photos.images.shape[2:0:-1]

    def depth(splats: Gaussians) -> np.ndarray:
        return rasterize(splats.map(torch.tensor), photos.cameras, size).depth.numpy()

    def error(prior: DenseDepth | None) -> float:
        splats = refine(nothing, photos, RefineSettings(steps=40), Report(), astray, depth=prior and KnownDepth(prior))
        return float(np.abs(np.log(depth(splats) / depth(blobs))).mean())

    assert error(known(depth(blobs))) < 0.8 * error(None)
