# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of decoded splats."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.gaussians.gaussians import Gaussians, prune
from tttlrm_blender.gaussians.look import nearest
from tttlrm_blender.pipeline.filtering import filtered
from tttlrm_blender.protocol.settings import DecodeSettings

EYES = np.array([[0.0, 0, 0], [4, 0, 0]])


def splats(count: int = 300, seed: int = 0) -> Gaussians:
    chance = np.random.default_rng(seed)
    means = chance.normal(size=(count, 3)) * 3
    quats = np.tile([1.0, 0, 0, 0], (count, 1))
    arrays = means, quats, np.exp(chance.normal(-3, 1, (count, 3))), chance.random(count), chance.normal(size=(count, 4, 3))
    return Gaussians(*(array.astype(np.float32) for array in arrays))


def plane(side: int = 20, spacing: float = 1.0, opacity: float = 1.0) -> Gaussians:
    """Splats on a square grid at z = 0."""
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    means = np.stack([x.ravel(), y.ravel(), 0 * x.ravel()], axis=1) * spacing
    wanted = replace(splats(side**2), means=means.astype(np.float32))
    return replace(wanted, opacities=np.full(side**2, opacity, np.float32))


def with_mean(gaussians: Gaussians, mean: tuple[float, float, float], opacity: float = 1.0) -> Gaussians:
    """One splat moved elsewhere."""
    means, opacities = gaussians.means.copy(), gaussians.opacities.copy()
    means[0], opacities[0] = mean, opacity
    return replace(gaussians, means=means, opacities=opacities)


@given(opacity=st.floats(0, 0.9), most=st.integers(0, 400))
def test_defaults_change_nothing_but_what_pruning_does(opacity, most):
    kept = filtered(splats(), DecodeSettings(min_opacity=opacity, max_splats=most), EYES)
    for name, array in prune(splats(), opacity, most).arrays().items():
        np.testing.assert_array_equal(array, getattr(kept, name))


@given(near=st.floats(0, 3), far=st.floats(4, 20))
def test_near_and_far_are_distances_from_the_nearest_camera(near, far):
    kept = filtered(splats(), DecodeSettings(near=near, far=far), EYES)
    distance = np.linalg.norm(splats().means[:, None] - EYES, axis=2).min(axis=1)
    np.testing.assert_allclose(nearest(splats().means, EYES), distance, rtol=1e-4)
    assert len(kept) == pytest.approx(((distance >= near) & (distance <= far)).sum(), abs=1)


@given(
    turn=st.floats(-3, 3),
    size=st.lists(st.floats(0.5, 6), min_size=3, max_size=3),
    place=st.lists(st.floats(-2, 2), min_size=3, max_size=3),
)
def test_a_box_anywhere_keeps_what_is_in_it(turn, size, place):
    box = np.eye(4)
    box[:2, :2] = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    box[:3, :3] *= size
    box[:3, 3] = place
    crop = DecodeSettings(crop=tuple(np.linalg.inv(box).ravel()))
    offsets = (splats().means - place) @ (box[:3, :3] / size)
    expected = (np.abs(offsets) <= size).all(axis=1).sum()
    if expected == 0:
        with pytest.raises(TttlrmError, match="leave no splats"):
            filtered(splats(), crop, EYES)
    else:
        assert len(filtered(splats(), crop, EYES)) == pytest.approx(expected, abs=1)


@given(limit=st.floats(0.001, 1))
def test_no_splat_is_larger_than_its_share_of_the_distance(limit):
    before, after = splats(), filtered(splats(), DecodeSettings(size_limit=limit), EYES)
    most = limit * nearest(before.means, EYES)[:, None]
    assert (after.scales <= most * 1.0001).all()
    small = before.scales <= most * 0.9999
    np.testing.assert_array_equal(after.scales[small], before.scales[small])


def test_floaters_and_fog_go():
    scene = with_mean(plane(spacing=0.1), (1.0, 1.0, 80.0))
    kept = filtered(scene, DecodeSettings(floaters=0.5), EYES)
    np.testing.assert_array_equal(kept.means, scene.means[1:])
    scene.opacities[5], scene.scales[5] = 0.01, 5.0
    assert len(filtered(scene, DecodeSettings(fog=0.5), EYES + 1000)) == len(scene) - 1


def test_merging_comes_before_the_most_splats():
    kept = filtered(splats(), DecodeSettings(merge=2.0, max_splats=40), EYES)
    assert len(kept) == 40
    assert len(filtered(splats(), DecodeSettings(merge=2.0), EYES)) < 300


@pytest.mark.parametrize("nothing", [DecodeSettings(near=1000.0), DecodeSettings(min_opacity=1.0)])
def test_an_error_if_no_splats_are_left(nothing):
    for extra in ({}, {"floaters": 0.5}, {"merge": 1.0}, {"size_limit": 0.1}, {"max_splats": 5}):
        with pytest.raises(TttlrmError, match="leave no splats") as caught:
            filtered(splats(), replace(nothing, **extra), EYES)
        assert caught.value.code == "no_splats"
