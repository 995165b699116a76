# SPDX-License-Identifier: GPL-3.0-or-later
"""Far splats stand where photos look past everything near, and nowhere else."""

from dataclasses import replace

import numpy as np
import pytest

from tttlrm_blender.gaussians.gaussians import SH_DC
from tttlrm_blender.photos.load import WHITE, PhotoSet
from tttlrm_blender.poses.sparse_points import SparsePoints
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import RefineSettings
from tttlrm_blender.refine.optimize import refine
from tttlrm_blender.refine.sky import FAR, sky_splats
from tttlrm_blender.refine.start import splats_from_points

from .conftest import SIZE, ring

BLUE = np.array([0.3, 0.5, 0.9], np.float32)


@pytest.fixture(scope="module")
def outdoors() -> PhotoSet:
    """Blue above a gray wall, which fills the lower half of the pictures of cameras in a ring."""
    images = np.full((8, SIZE, SIZE, 3), 0.4, np.float32)
    images[:, : SIZE // 2] = BLUE
    return PhotoSet([f"{view}.png" for view in range(8)], images, ring(8))


@pytest.fixture(scope="module")
def wall() -> SparsePoints:
    """Points around the origin, below the horizon of the cameras (y points down)."""
    means = np.random.default_rng(0).uniform(-1.6, 1.6, (900, 3)).astype(np.float32)
    means[:, 1] = np.abs(means[:, 1]) + 0.3
    return SparsePoints(means, np.full_like(means, 0.4))


def test_the_sky_is_far_above_the_horizon_and_blue(outdoors, wall):
    near = splats_from_points(wall)
    near.opacities[:] = 0.99
    sky = sky_splats(near, outdoors)
    assert len(sky) > 10
    assert (sky.means[:, 1] < 0).all()
    assert np.linalg.norm(sky.means, axis=1).min() > 0.9 * FAR * np.percentile(np.linalg.norm(wall.means, axis=1), 99)
    blue = np.abs(sky.sh[:, 0] * SH_DC + 0.5 - BLUE).max(1) < 0.01
    assert blue.mean() > 0.8  # those at the edge of the wall take a little of its color


def test_what_is_covered_has_no_sky(blobs, photos):
    assert len(sky_splats(blobs, photos)) == 0


def test_things_on_white_and_darkness_have_no_sky(outdoors, wall):
    near = splats_from_points(wall)
    assert len(sky_splats(near, replace(outdoors, background=WHITE))) == 0
    assert len(sky_splats(near, replace(outdoors, images=np.zeros_like(outdoors.images)))) == 0
    assert len(sky_splats(near[:0], outdoors)) == 0


def test_what_masks_hide_is_no_sky(outdoors, wall):
    weights = np.ones(outdoors.images.shape[:3], np.float32)
    near = splats_from_points(wall)
    assert len(sky_splats(near, replace(outdoors, weights=weights))) > 10
    weights[:, : SIZE // 2] = 0
    assert len(sky_splats(near, replace(outdoors, weights=weights))) == 0


def test_refinement_keeps_the_sky_far_where_it_is_wanted(outdoors, wall, nothing):
    with_sky, without = (
        refine(nothing, outdoors, RefineSettings(steps=30, sky=sky), Report(), wall).means for sky in (True, False)
    )
    assert (np.linalg.norm(with_sky, axis=1) > 6).sum() > 10
    assert np.linalg.norm(without, axis=1).max() < 6
