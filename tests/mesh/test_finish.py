# SPDX-License-Identifier: GPL-3.0-or-later
"""From a dense surface to the meshes that are used."""

import numpy as np
import pytest
import trimesh
from trimesh import Trimesh

from tttlrm_blender.mesh.close import border_loops
from tttlrm_blender.mesh.collider import collider
from tttlrm_blender.mesh.finish import finish
from tttlrm_blender.mesh.manifold import manifold
from tttlrm_blender.mesh.mesh import collider_of, colors_of, levels_of, make_mesh
from tttlrm_blender.protocol.settings import MeshSettings

from .test_manifold import assert_manifold

PLAIN = MeshSettings(smooth=0)


@pytest.fixture
def bowl() -> Trimesh:
    """The lower part of a sphere, colored like its places."""
    sphere = trimesh.creation.icosphere(4)
    faces = sphere.faces[sphere.triangles_center[:, 2] < 0.5]
    return make_mesh(sphere.vertices, faces, (sphere.vertices / 2 + 0.5).astype(np.float32))


def unpainted(mesh: Trimesh, dense: Trimesh, size: int) -> Trimesh:
    return mesh


def test_nothing_changes_if_nothing_is_wanted(bowl):
    assert finish(bowl, PLAIN, unpainted) is bowl
    assert levels_of(bowl) == [] and collider_of(bowl) is None


def test_levels_of_detail(bowl):
    painted = []

    def paint(mesh: Trimesh, dense: Trimesh, size: int) -> Trimesh:
        painted.append((len(mesh.faces), len(dense.faces), size))
        return mesh

    mesh = finish(bowl, MeshSettings(faces=2000, lods=True, texture=1024, smooth=0), paint)
    assert [size for _, _, size in painted] == [1024, 512, 256]
    np.testing.assert_allclose([faces for faces, _, _ in painted], [2000, 500, 100], rtol=0.3)
    assert {dense for _, dense, _ in painted} == {len(bowl.faces)}
    for level in (mesh, *levels_of(mesh)):
        assert_manifold(level.faces)
        np.testing.assert_allclose(colors_of(level), level.vertices / 2 + 0.5, atol=0.15)
        assert not level.is_watertight and level.vertices[:, 2].max() < 0.6


def test_coarse_levels_have_no_tiny_holes(bowl):
    pierced = make_mesh(bowl.vertices, np.delete(bowl.faces, slice(0, None, 60), axis=0), colors_of(bowl))
    mesh = finish(manifold(pierced), MeshSettings(faces=2000, lods=True, smooth=0), unpainted)
    loops = [len(border_loops(level.faces)) for level in (mesh, *levels_of(mesh))]
    assert loops[0] > 40 and loops[1:] == [1, 1]


def test_watertight_at_every_level(bowl):
    mesh = finish(bowl, MeshSettings(faces=2000, lods=True, watertight=True), unpainted)
    np.testing.assert_allclose([len(level.faces) for level in (mesh, *levels_of(mesh))], [2000, 500, 100], rtol=0.3)
    assert all(level.is_watertight and level.volume > 3 for level in (mesh, *levels_of(mesh)))


@pytest.mark.parametrize("unit", [1e-6, 1, 1e6])
def test_a_collider_is_convex_and_holds_the_mesh(unit):
    torus = trimesh.creation.torus(1, 0.3)
    hull = collider(make_mesh(torus.vertices * unit, torus.faces, np.ones_like(torus.vertices)))
    assert hull is not None and hull.is_watertight and len(hull.faces) <= 252
    planes, points = hull.face_normals, hull.triangles_center
    if unit == 1:
        outside = ((torus.vertices[:, None] - points) * planes).sum(axis=2).max()
        assert outside < 0.07 and hull.is_convex
    assert hull.volume == pytest.approx(torus.convex_hull.volume * unit**3, rel=0.05)


@pytest.mark.parametrize("corners", [np.eye(3), np.eye(3)[[0, 1, 1]], np.zeros((3, 3)), np.tri(3, k=-1)])
def test_a_flat_mesh_has_no_collider(corners):
    assert collider(make_mesh(corners, [[0, 1, 2]], np.ones((3, 3), np.float32))) is None


def test_a_coarser_level_never_has_more_faces():
    """Where filled holes cost more than simplifying saves, they stay open."""
    ball = trimesh.creation.icosphere(1)
    pierced = manifold(make_mesh(ball.vertices, np.delete(ball.faces, slice(0, None, 3), axis=0), np.ones((42, 3), np.float32)))
    mesh = finish(pierced, MeshSettings(faces=40, lods=True, smooth=0), unpainted)
    assert all(len(level.faces) <= len(mesh.faces) for level in levels_of(mesh))
