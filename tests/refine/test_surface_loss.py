# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats that are surfaces."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.refine.conftest import ring
from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import RefineSettings
from tttlrm_blender.refine.optimize import refine
from tttlrm_blender.refine.surface_loss import THICKNESS, TURNING, depth_normals, surface_loss
from tttlrm_blender.render.rasterize import rasterize
from tttlrm_blender.stereo.dense import DenseDepth

SIDE, FAR = 32, 4.0  # of pictures, and the distance of a wall before the first camera of a ring
TILT = 0.3  # radians around x


def wall(blobs: Gaussians, tilt: float = 0.0, thickness: float = 0.001) -> Gaussians[torch.Tensor]:
    """One opaque splat that fills the picture, with gradients."""
    quats = np.array([[np.cos(tilt / 2), np.sin(tilt / 2), 0, 0]], np.float32)
    scales, opacities = np.array([[9, 9, thickness]], np.float32), np.full(1, 0.99, np.float32)
    splat = replace(blobs[:1], means=np.zeros((1, 3), np.float32), quats=quats, scales=scales, opacities=opacities)
    return splat.map(lambda array: torch.tensor(array).requires_grad_())


def known(tilt: float = 0.0, depth: float = FAR, confidence: float = 1.0) -> DenseDepth:
    """A depth map of a surface in the first camera of a ring, whose normals are tilted."""
    normal = np.tile(np.float32([0, np.sin(tilt), -np.cos(tilt)]), (1, 8, 8, 1))
    maps = np.full((1, 8, 8), depth, np.float32)
    return DenseDepth(maps, normal, np.full_like(maps, confidence), ring(1))


def loss(splats: Gaussians[torch.Tensor], found: DenseDepth | None) -> torch.Tensor:
    return surface_loss(splats, rasterize(splats, ring(1), (SIDE, SIDE)), ring(1), found, 0)


def test_a_flat_splat_on_a_known_surface_costs_nothing(blobs):
    assert loss(wall(blobs), known()).item() == pytest.approx(0, abs=1e-4)


def test_thick_splats_cost(blobs):
    splats = wall(blobs, thickness=3.0)
    found = loss(splats, known())
    found.backward()
    assert found.item() == pytest.approx(THICKNESS / 3, rel=0.02)
    assert splats.scales.grad is not None and splats.scales.grad[0, 2] > 0  # it gets thinner


def test_slanted_splats_turn_to_known_normals(blobs):
    splats = wall(blobs, TILT)
    found = loss(splats, known())
    found.backward()
    assert found.item() == pytest.approx(TURNING * (1 - np.cos(TILT)), rel=0.1)
    assert splats.quats.grad is not None and splats.quats.grad[0, 1] > 0  # less of the turn around x


def test_known_normals_count_more_than_those_of_the_depth_that_is_drawn(blobs):
    assert loss(wall(blobs), known(TILT)).item() == pytest.approx(TURNING * (1 - np.cos(TILT)), rel=0.02)


@pytest.mark.parametrize("found", [None, known(TILT, confidence=0.0)], ids=["nothing", "nothing sure"])
def test_splats_turn_to_the_depth_that_is_drawn_where_no_other_is_known(blobs, found):
    assert loss(wall(blobs, TILT), found).item() == pytest.approx(TURNING * (1 - np.cos(TILT)), rel=0.1)


def test_splats_far_from_the_surface_are_left_alone(blobs):
    front = wall(blobs)
    behind = replace(front, means=front.means.detach() + torch.tensor([0, 0, 1.0]), scales=torch.ones(1, 3))
    both = Gaussians(**{name: torch.cat([array, behind.arrays()[name]]) for name, array in front.arrays().items()})
    assert loss(both, known()).item() == pytest.approx(loss(front, known()).item(), abs=1e-3)


def test_an_empty_picture_costs_nothing(blobs):
    nothing = wall(blobs).map(lambda array: array[:0])
    assert loss(nothing, known()).item() == 0


def test_normals_of_a_plane():
    """A plane whose depth rises with the row, seen from the first camera of a ring."""
    rows = (torch.arange(SIDE) + 0.5 - SIDE / 2) / (1.4 * SIDE)
    depth = (FAR / (1 - np.tan(TILT) * rows))[:, None].expand(SIDE, SIDE)
    normal, sound = depth_normals(depth, ring(1))
    expected = torch.tensor([0, np.sin(TILT), -np.cos(TILT)], dtype=torch.float32)
    assert sound[1:-1, 1:-1].all() and not sound[[0, -1]].any() and not sound[:, [0, -1]].any()
    assert normal[sound].numpy() == pytest.approx(expected.expand_as(normal[sound]).numpy(), abs=1e-3)


def test_edges_have_no_normals():
    depth = torch.full((SIDE, SIDE), FAR)
    depth[:, SIDE // 2 :] *= 2
    sound = depth_normals(depth, ring(1))[1]
    assert not sound[:, SIDE // 2 - 1 : SIDE // 2 + 1].any() and sound[1:-1, 1 : SIDE // 2 - 1].all()


def test_refined_for_a_mesh_splats_get_flatter(photos, points, nothing):
    thickness = {}
    for surface in (False, True):
        settings = RefineSettings(steps=40, sky=False, antialiased=False, surface=surface)
        splats = refine(nothing, photos, settings, Report(), points)
        widths = np.sort(splats.scales, axis=1)
        thickness[surface] = (widths[:, 0] / widths[:, 1]).mean()
    assert thickness[True] < thickness[False]
