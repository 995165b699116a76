# SPDX-License-Identifier: GPL-3.0-or-later
"""The field in blocks against a dense one."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import correlate1d

from tttlrm_blender.mesh.blocks import HALO, SIDE, blocks_near, integrate, part, smooth
from tttlrm_blender.mesh.scene_box import scene_box
from tttlrm_blender.mesh.surface import extract_surface
from tttlrm_blender.mesh.tsdf import Volume, integrate_reference

from .test_fuse import open_edges

VIEWS = (0, 7, 21)
PLAN = 11
VOXEL = 0.07


@pytest.fixture(params=["sphere_maps", "box_maps"])
def fields(request):
    """The same views in blocks and in a dense volume with the same grid points."""
    maps = request.getfixturevalue(request.param)
    blocks = blocks_near(maps, *scene_box(maps), VOXEL)
    shape = SIDE * np.array(blocks.slots.shape)
    dense = Volume(blocks.origin, VOXEL, *(np.zeros(shape, np.float32) for _ in range(2)))
    for view in VIEWS:
        integrate(blocks, maps, view)
        integrate_reference(dense, maps, view)
    integrate(blocks, replace(maps, plans=len(maps)), PLAN)
    integrate_reference(dense, replace(maps, plans=len(maps)), PLAN)
    return blocks, dense


def cells(blocks, array):
    """The blocks of a dense array."""
    return np.stack([array[tuple(slice(SIDE * p, SIDE * (p + 1)) for p in place)] for place in blocks.places])


def test_blocks_have_what_a_dense_volume_has(fields):
    blocks, dense = fields
    np.testing.assert_allclose(blocks.weight, cells(blocks, dense.weight), atol=2e-4)
    np.testing.assert_allclose(blocks.distance, cells(blocks, dense.distance), atol=2e-4)
    near = (dense.weight > 0) & (np.abs(dense.distance) < 0.9)
    assert cells(blocks, near).sum() == near.sum()  # nothing near the surface is outside of the blocks


def test_a_plan_shows_no_empty_space(box_maps):
    blocks = blocks_near(box_maps, *scene_box(box_maps), VOXEL)
    integrate(blocks, replace(box_maps, plans=len(box_maps)), PLAN)
    counted = blocks.weight > 0
    assert counted.any()
    assert (blocks.distance[counted] < 1).all()
    integrate(blocks, box_maps, PLAN)
    assert (blocks.weight > 0).sum() > counted.sum()


def test_parts_are_cut_from_blocks(fields):
    blocks, dense = fields
    distance, weight = part(blocks, np.array([-3, 5, 2]), 30)
    there = np.zeros(dense.weight.shape, bool)
    for place in blocks.places:
        there[tuple(slice(SIDE * p, SIDE * (p + 1)) for p in place)] = True
    wanted = [np.pad(np.where(there, array, 0), 40)[37:67, 45:75, 42:72] for array in (dense.distance, dense.weight)]
    np.testing.assert_allclose(distance, wanted[0], atol=2e-4)
    np.testing.assert_allclose(weight, wanted[1], atol=2e-4)


def test_smoothing_is_a_weighted_gaussian(fields):
    blocks, _ = fields
    smoothed = smooth(blocks, 1.0)
    shape = SIDE * np.array(blocks.slots.shape)
    distance, weight = (np.zeros(shape) for _ in range(2))
    for slot, place in enumerate(blocks.places):
        where = tuple(slice(SIDE * p, SIDE * (p + 1)) for p in place)
        distance[where], weight[where] = blocks.distance[slot], blocks.weight[slot]
    total, amount = distance * weight, weight
    taps = np.exp(-0.5 * np.arange(-HALO, HALO + 1) ** 2)
    for axis in range(3):
        total, amount = (correlate1d(array, taps, axis, mode="constant") for array in (total, amount))
    known = cells(blocks, weight) > 0
    np.testing.assert_allclose(smoothed.distance[known], cells(blocks, total / np.maximum(amount, 1e-20))[known], atol=1e-4)


def test_voxels_grow_until_there_are_few_enough_blocks(sphere_maps):
    low, high = scene_box(sphere_maps)
    many = blocks_near(sphere_maps, low, high, 0.02)
    few = blocks_near(sphere_maps, low, high, 0.02, most=len(many.places) // 3)
    assert len(few.places) <= len(many.places) // 3 and few.voxel > 0.02 == many.voxel


def test_a_surface_over_many_cubes_is_closed(sphere_maps):
    low, high = scene_box(sphere_maps)
    blocks = blocks_near(sphere_maps, low, high, 0.015)
    for view in range(len(sphere_maps)):
        integrate(blocks, sphere_maps, view)
    mesh = extract_surface(blocks)
    assert min(blocks.slots.shape) > 8 and len(blocks.places) < 0.5 * blocks.slots.size and open_edges(mesh) == 0
