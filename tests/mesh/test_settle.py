# SPDX-License-Identifier: GPL-3.0-or-later
"""Surfaces settle where photos agree on their colors."""

import numpy as np
import pytest
from scipy.ndimage import uniform_filter
from trimesh import Trimesh
from trimesh.creation import cylinder, icosphere

from tttlrm_blender.mesh.depth_maps import DepthMaps
from tttlrm_blender.mesh.fuse import FAITH
from tttlrm_blender.mesh.mesh import make_mesh
from tttlrm_blender.mesh.pictures import Pixels
from tttlrm_blender.mesh.settle import TOE, Sight, parts_of, settled, sweep, sweep_reference

from .conftest import CENTER, RADIUS, around, paint, trace_views

THIN = 0.2  # radius of the rod


def ball(shrink: float = 1.0) -> Trimesh:
    """The sphere of the maps, or a smaller one around its center."""
    sphere = icosphere(5, RADIUS * shrink)
    return make_mesh(sphere.vertices + CENTER, sphere.faces, paint(sphere.vertices / shrink + CENTER).astype(np.float32))


def rod(origin: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Where rays meet an upright rod, 2 high."""
    offset, along = (origin - CENTER)[:2], directions[..., :2]
    a, b = (along**2).sum(-1), along @ offset
    root = b * b - a * (offset @ offset - THIN**2)
    distance = np.where(root > 0, (-b - np.sqrt(np.maximum(root, 0))) / a, np.inf)
    height = origin[2] + np.where(root > 0, distance, 0) * directions[..., 2] - CENTER[2]
    return np.where(np.abs(height) < 1, distance, np.inf)


def off(surface: Trimesh) -> float:
    """The median distance of vertices from the sphere, relative to its radius."""
    return float(np.median(np.abs(np.linalg.norm(surface.vertices - CENTER, axis=1) / RADIUS - 1)))


@pytest.mark.parametrize("shrink", [0.95, 1.0, 1.04])
def test_a_surface_settles_where_photos_agree(sphere_maps, shrink):
    assert off(settled(ball(shrink), sphere_maps, FAITH, Pixels(sphere_maps.color))) < 0.004


def test_a_thin_thing_stays_as_thick_as_it_is_although_its_outlines_are_blurred():
    maps = trace_views(rod, around(30))
    photos = uniform_filter(np.where(maps.confidence[..., None] > 0, maps.color, 250).astype(float), (0, 3, 3, 0))
    whole = cylinder(THIN, 2, sections=96).subdivide_to_size(0.08)
    surface = make_mesh(whole.vertices + CENTER, whole.faces, paint(whole.vertices + CENTER).astype(np.float32))
    moved = settled(surface, maps, FAITH, Pixels(photos.round().astype(np.uint8)))
    thickness = np.linalg.norm((moved.vertices - CENTER)[np.abs(whole.vertices[:, 2]) < 0.8, :2], axis=1)
    assert np.median(thickness) > 0.95 * THIN


def test_exposures_do_not_matter(sphere_maps):
    gains = np.random.default_rng(0).uniform(0.7, 1, (len(sphere_maps), 1, 1, 3))
    photos = ((sphere_maps.color + TOE) * gains - TOE).clip(0, 255).round().astype(np.uint8)
    bent = ball()
    above = bent.vertices[:, 2] > CENTER[2]
    bent.vertices[above] = CENTER + 0.97 * (bent.vertices[above] - CENTER)
    assert off(settled(bent, sphere_maps, FAITH, Pixels(photos))) < 0.006


def test_a_surface_in_one_color_stays(sphere_maps):
    surface = ball(0.95)
    photos = np.full_like(sphere_maps.color, 90)
    np.testing.assert_allclose(settled(surface, sphere_maps, FAITH, Pixels(photos)).vertices, surface.vertices, atol=1e-6)


def test_what_two_photos_see_stays(sphere_maps):
    surface, two = ball(0.95), slice(0, 2)
    arrays = {name: getattr(sphere_maps, name)[two] for name in ("depth", "confidence", "color", "cameras")}
    moved = settled(surface, DepthMaps(**arrays), FAITH, Pixels(sphere_maps.color[two]))
    np.testing.assert_allclose(moved.vertices, surface.vertices, atol=1e-6)


def test_masked_pixels_do_not_count(sphere_maps):
    surface, counted = ball(0.95), np.ones(sphere_maps.depth.shape, bool)
    photos = sphere_maps.color.copy()
    photos[::3, 30:60] = np.random.default_rng(0).integers(0, 256, (30, 120, 3))
    counted[::3, 30:60] = False
    masked = off(settled(surface, sphere_maps, FAITH, Pixels(photos, counted)))
    assert masked < 0.004 < off(settled(surface, sphere_maps, FAITH, Pixels(photos)))
    kept = settled(surface, sphere_maps, FAITH, Pixels(photos, np.zeros_like(counted)))
    np.testing.assert_allclose(kept.vertices, surface.vertices, atol=1e-6)


def test_opposite_sides_are_different_parts():
    sheet = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0.0]])
    square = np.array([[0, 1, 2], [0, 2, 3]])
    both = np.concatenate([sheet, sheet - [0, 0, 0.01]])
    faces = np.concatenate([square, square[:, ::-1] + 4])
    parts = parts_of(make_mesh(both, faces, np.zeros((8, 3), np.float32)), 0.6)
    assert not set(parts.of[:4]) & set(parts.of[4:])
    np.testing.assert_allclose(parts.normals[parts.of[:4]], np.tile([0, 0, 1], (4, 1)), atol=1e-6)


def test_sweep_is_that_of_the_reference(sphere_maps):
    random = np.random.default_rng(1)
    parts = parts_of(ball(0.95), 0.1)
    weights = np.where(random.random(len(parts)) < 0.3, 0, random.random(len(parts))).astype(np.float32)
    sight = Sight(3, sphere_maps.color[3], weights, np.array([1.1, 0.9, 1], np.float32))
    found = []
    for run in (sweep, sweep_reference):
        sums, squares = np.zeros((len(parts), 5, 3), np.float32), np.zeros((len(parts), 5), np.float32)
        run(parts, np.linspace(-0.05, 0.05, 5), sphere_maps, sight, sums, squares)
        found.append((sums, squares))
    for ours, plain in zip(*found, strict=True):
        np.testing.assert_allclose(ours, plain, rtol=1e-3, atol=0.1)


def test_the_given_surface_does_not_change(sphere_maps):
    surface = ball(0.95)
    before = surface.vertices.copy()
    settled(surface, sphere_maps, FAITH, Pixels(sphere_maps.color))
    np.testing.assert_array_equal(surface.vertices, before)
