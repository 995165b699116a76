# SPDX-License-Identifier: GPL-3.0-or-later
"""Normal maps, tangents and ambient occlusion of simple shapes."""

import numpy as np
import pytest
import trimesh

from tttlrm_blender.mesh.mesh import make_mesh, points_of, vertex_normals
from tttlrm_blender.mesh.normal_map import NearestNormals, bake_normals
from tttlrm_blender.mesh.occlusion import Sky, bake_occlusion
from tttlrm_blender.mesh.tangents import corner_tangents
from tttlrm_blender.mesh.texture import texels_at
from tttlrm_blender.mesh.unwrap import Atlas, unwrap
from tttlrm_blender.progress import Report


def mesh_of(vertices: np.ndarray, faces: np.ndarray) -> trimesh.Trimesh:
    return make_mesh(np.float32(vertices), np.int32(faces), np.full((len(vertices), 3), 0.5, np.float32))


def sphere(steps: int) -> trimesh.Trimesh:
    ball = trimesh.creation.icosphere(steps)
    return mesh_of(ball.vertices, ball.faces)


def plane(turned: bool = False) -> tuple[trimesh.Trimesh, np.ndarray]:
    """A square that looks up, whose u runs along x, or along y."""
    vertices = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    faces = np.array([[0, 1, 2], [0, 2, 3]])
    uv = np.stack([vertices[:, 1], 1 - vertices[:, 0]], 1) if turned else vertices[:, :2]
    return mesh_of(vertices, faces), np.float32(uv[faces])


@pytest.mark.parametrize(("turned", "tangent"), [(False, [1, 0, 0, 1]), (True, [0, 1, 0, 1])])
def test_tangents_run_along_u(turned, tangent):
    np.testing.assert_allclose(corner_tangents(*plane(turned)), np.broadcast_to(tangent, (2, 3, 4)), atol=1e-6)


def test_mirrored_coordinates_have_the_other_sign():
    mesh, uv = plane()
    np.testing.assert_allclose(
        corner_tangents(mesh, uv * np.float32([-1, 1]))[..., [0, 3]], np.broadcast_to([-1, -1], (2, 3, 2)), atol=1e-6
    )


def test_tangents_are_perpendicular_to_normals():
    mesh = sphere(2)
    tangents = corner_tangents(mesh, unwrap(mesh, 128, Report()).uv)
    assert np.abs((tangents[..., :3] * vertex_normals(mesh)[mesh.faces]).sum(-1)).max() < 1e-5
    np.testing.assert_allclose(np.linalg.norm(tangents[..., :3], axis=-1), 1, atol=1e-5)


def test_a_normal_map_gives_back_the_normals_of_the_dense_surface():
    """As a renderer reads it: interpolated frames times the map."""
    coarse, dense = sphere(1), sphere(5)
    atlas = unwrap(coarse, 256, Report())
    picture = bake_normals(coarse, atlas, NearestNormals.of(dense, coarse), Report())[::-1]
    rows, columns = np.nonzero(atlas.face_index >= 0)
    corners, shares = texels_at(coarse.faces, atlas, rows, columns)
    points, normals = (np.einsum("tc,tci->ti", shares, each[corners]) for each in (points_of(coarse), vertex_normals(coarse)))
    tangents = np.einsum("tc,tci->ti", shares, corner_tangents(coarse, atlas.uv)[atlas.face_index[rows, columns]])
    x, y, z = (picture[rows, columns] / 255 * 2 - 1).T[..., None]
    shown = x * tangents[:, :3] + y * np.cross(normals, tangents[:, :3]) * tangents[:, 3:] + z * normals
    shown /= np.linalg.norm(shown, axis=1, keepdims=True)
    true = points / np.linalg.norm(points, axis=1, keepdims=True)
    assert np.degrees(np.arccos((shown * true).sum(1).clip(-1, 1))).mean() < 2


def test_far_from_the_dense_surface_a_mesh_keeps_its_normals():
    mesh, uv = plane()
    ball = sphere(2)
    picture = bake_normals(mesh, Atlas.of(uv, 32), NearestNormals.of(mesh_of(ball.vertices + 5, ball.faces), mesh), Report())
    assert np.abs(picture.astype(int)[4:-4, 4:-4] - [128, 128, 255]).max() <= 1


def test_a_corner_is_darker_than_the_open():
    """A floor with a wall across its middle."""
    floor, uv = plane()
    wall = np.array([[0.5, 0, 0], [0.5, 1, 0], [0.5, 1, 0.4], [0.5, 0, 0.4]])
    scene = mesh_of(np.concatenate([floor.vertices, wall]), np.concatenate([floor.faces, [[4, 5, 6], [4, 6, 7]]]))
    picture = bake_occlusion(floor, Atlas.of(uv, 64), Sky.over(scene), Report())[28:36]
    beside, nearer, far = picture[:, 34:37].mean(), picture[:, 42:46].mean(), picture[:, 58:].mean()
    assert 120 < beside < 180 and beside + 20 < nearer < far - 15
    assert (bake_occlusion(floor, Atlas.of(uv, 64), Sky.over(floor), Report()) == 255).all()
