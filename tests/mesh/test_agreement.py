# SPDX-License-Identifier: GPL-3.0-or-later
"""Depth counts where other views agree; dense depth replaces that of splats where it is confirmed."""

from dataclasses import replace

import numpy as np
import pytest

from tttlrm_blender.mesh.agreement import agreeing, agreeing_reference
from tttlrm_blender.mesh.dense_depth import contrast, with_dense_depth
from tttlrm_blender.mesh.depth_maps import DepthMaps
from tttlrm_blender.stereo.dense import DenseDepth

from .conftest import CENTER, around, sphere, trace_views


@pytest.mark.parametrize("views", [1, 2, 9])
def test_kernel_agrees_with_the_reference(views):
    maps = trace_views(sphere, around(views))
    spoiled = replace(maps, depth=(maps.depth * np.where(np.arange(120) < 60, 1, 0.9)).astype(np.float32))
    for case in (maps, spoiled):
        fast, plain = agreeing(case).confidence, agreeing_reference(case).confidence
        assert (np.abs(fast - plain) > 1e-5).mean() < 1e-3  # rounding decides at the border of pixels


def test_what_others_look_past_does_not_count(sphere_maps):
    whole = agreeing(sphere_maps).confidence
    assert (whole > 0).sum() > 0.8 * (sphere_maps.confidence > 0).sum()
    depth = sphere_maps.depth.copy()
    depth[0] *= 0.8
    floating = agreeing(replace(sphere_maps, depth=depth)).confidence
    assert not floating[0].any() and (floating[1:] > 0).sum() > 0.95 * (whole[1:] > 0).sum()


def dense(maps: DepthMaps, depth: np.ndarray, confidence: np.ndarray) -> DenseDepth:
    """Dense depth with normals toward the cameras."""
    facing = maps.cameras.c2w[:, :3, 3] - CENTER
    normal = facing / np.linalg.norm(facing, axis=1, keepdims=True)
    return DenseDepth(
        depth, np.broadcast_to(normal[:, None, None], (*depth.shape, 3)).astype(np.float32), confidence, maps.cameras
    )


def test_dense_depth_replaces_that_of_splats_where_it_is_confirmed(sphere_maps):
    maps = replace(sphere_maps, depth=sphere_maps.depth * np.float32(1.05))
    left = np.broadcast_to(np.arange(120) < 60, maps.depth.shape)
    found = dense(maps, sphere_maps.depth, np.where(left, 0.75, 0).astype(np.float32))
    merged = with_dense_depth(maps, found, 0.1)
    inner = sphere_maps.confidence > 0.5
    np.testing.assert_array_equal(merged.depth[inner & left], sphere_maps.depth[inner & left])
    np.testing.assert_array_equal(merged.depth[~left], maps.depth[~left])
    np.testing.assert_allclose(merged.confidence[~left], 0.1 * maps.confidence[~left], rtol=1e-6)
    assert (merged.confidence[inner & left] > 0.5).all()


def test_dense_depth_does_not_bring_back_what_was_cropped(sphere_maps):
    found = dense(sphere_maps, sphere_maps.depth, np.ones_like(sphere_maps.depth))
    behind = replace(sphere_maps, depth=sphere_maps.depth * 2)
    gone = replace(sphere_maps, depth=np.zeros_like(sphere_maps.depth))
    for maps in (behind, gone):
        np.testing.assert_array_equal(with_dense_depth(maps, found, 0.1).depth, maps.depth)


def test_dense_depth_does_not_count_where_photos_are_plain(sphere_maps):
    maps = replace(sphere_maps, depth=sphere_maps.depth * np.float32(1.05))
    photos = np.full((*maps.depth.shape, 3), 128, np.uint8)
    photos[:, :, :60] += 8 * (np.indices((90, 60)).sum(axis=0) % 2).astype(np.uint8)[..., None]
    merged = with_dense_depth(maps, dense(maps, sphere_maps.depth, np.ones_like(maps.depth)), 0.1, photos)
    inner, column = sphere_maps.confidence > 0.5, np.broadcast_to(np.arange(120), maps.depth.shape)
    textured, plain = inner & (column < 56), inner & (column >= 64)
    np.testing.assert_array_equal(merged.depth[textured], sphere_maps.depth[textured])
    np.testing.assert_array_equal(merged.depth[plain], maps.depth[plain])


def test_contrast_is_the_standard_deviation_around_a_pixel():
    photo = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    assert contrast(photo)[8, 14] == pytest.approx(photo[4:13, 10:19].mean(axis=-1).std(), rel=1e-4)
    assert not contrast(np.full_like(photo, 255)).any()


def test_splats_elsewhere_are_corrected_by_what_they_are_off_where_photos_are_sure(sphere_maps):
    maps = replace(sphere_maps, depth=sphere_maps.depth * np.float32(1.004))
    left = np.broadcast_to(np.arange(120) < 60, maps.depth.shape)
    merged = with_dense_depth(maps, dense(maps, sphere_maps.depth, np.where(left, 0.75, 0).astype(np.float32)), 0.1)
    shown = sphere_maps.confidence > 0
    np.testing.assert_allclose(merged.depth[shown], sphere_maps.depth[shown], rtol=1e-5)
