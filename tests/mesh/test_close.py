# SPDX-License-Identifier: GPL-3.0-or-later
"""Holes of meshes, closed."""

import numpy as np
import pytest
import trimesh

from tttlrm_blender.mesh.close import border_loops, closed
from tttlrm_blender.mesh.mesh import colors_of, make_mesh

from .test_manifold import assert_manifold
from .test_simplify import sheet


def without(mesh: trimesh.Trimesh, faces: np.ndarray) -> trimesh.Trimesh:
    """A part of a mesh, colored like its places."""
    return make_mesh(mesh.vertices, mesh.faces[~faces], (mesh.vertices / 2 + 0.5).astype(np.float32))


@pytest.mark.parametrize("height", [0.5, 0.9, 0.97])
def test_the_hole_of_a_sphere(height):
    sphere = trimesh.creation.icosphere(4)
    whole = closed(without(sphere, sphere.triangles_center[:, 2] > height))
    assert_manifold(whole.faces)
    assert whole.is_watertight and whole.is_winding_consistent and whole.euler_number == 2
    np.testing.assert_array_equal(whole.vertices[: len(sphere.vertices)], sphere.vertices.astype(np.float32))
    cut = np.pi * (1 - height) ** 2 * (2 + height) / 3
    assert whole.volume == pytest.approx(4 / 3 * np.pi - cut, rel=0.01)
    new = slice(len(sphere.vertices), None)
    np.testing.assert_allclose(colors_of(whole)[new], whole.vertices[new] / 2 + 0.5, atol=1e-5, err_msg="like the border's")


def test_every_size_of_hole():
    for sides in range(3, 40):
        cylinder = trimesh.creation.cylinder(1, 1, sections=sides)
        open_below = without(cylinder, cylinder.triangles_center[:, 2] < -0.4)
        whole = closed(open_below)
        assert_manifold(whole.faces)
        assert whole.is_watertight, sides
        assert whole.volume == pytest.approx(cylinder.volume, rel=1e-5), "a flat lid"


def test_two_borders():
    points, faces = sheet(12)
    loops = border_loops(faces)
    assert sorted(map(len, loops)) == sorted([44, len(min(loops, key=len))])
    whole = closed(make_mesh(points, faces, np.ones_like(points, np.float32)))
    assert whole.is_watertight and whole.euler_number == 2


def test_a_sheet_gets_a_base():
    points, faces = sheet(12, hole=False)
    mesh = make_mesh(points, faces, np.ones_like(points, np.float32))
    whole = closed(mesh)
    assert_manifold(whole.faces)
    assert whole.is_watertight and whole.volume == pytest.approx(0.05, rel=0.01)
    assert whole.bounds[:, 2] == pytest.approx([-0.05, 0]), "faces look up, so the base is below"


def test_only_holes_up_to_a_length():
    points, faces = sheet(12)
    mesh = make_mesh(points, faces, np.ones_like(points, np.float32))
    half = closed(mesh, 3.5)
    assert_manifold(half.faces)
    assert list(map(len, border_loops(half.faces))) == [44] and half.area == pytest.approx(1)
    assert closed(mesh, 0.5) is mesh


def test_a_closed_mesh_stays():
    sphere = trimesh.creation.icosphere(1)
    mesh = make_mesh(sphere.vertices, sphere.faces, np.ones_like(sphere.vertices))
    assert closed(mesh) is mesh


def test_closing_can_be_stopped_at_every_hole():
    sphere, calls = trimesh.creation.icosphere(3), []
    pierced = without(sphere, np.abs(sphere.triangles_center[:, 2]) > 0.8)
    closed(pierced, listen=lambda: calls.append(1))
    assert len(border_loops(pierced.faces)) == 2 and len(calls) >= 3 * 2
