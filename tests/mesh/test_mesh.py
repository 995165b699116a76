# SPDX-License-Identifier: GPL-3.0-or-later
"""Attributes of meshes, and their connected pieces."""

import numpy as np
import pytest
import trimesh
from trimesh import Trimesh

from tttlrm_blender.mesh.mesh import colors_of, drop_small_pieces, make_mesh, mesh_arrays, vertex_normals


def strip(faces: int, offset: float) -> Trimesh:
    """A strip of triangles."""
    count = faces + 2
    vertices = np.stack([np.arange(count) // 2, np.arange(count) % 2, np.full(count, offset)], axis=1).astype(np.float32)
    indices = np.stack([np.arange(faces), np.arange(faces) + 1, np.arange(faces) + 2], axis=1).astype(np.int32)
    return make_mesh(vertices, indices, np.full((count, 3), offset / 10, dtype=np.float32))


def joined(*meshes: Trimesh) -> Trimesh:
    starts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes[:-1])])
    faces = np.concatenate([mesh.faces + start for mesh, start in zip(meshes, starts, strict=True)])
    vertices, colors = (np.concatenate([of(mesh) for mesh in meshes]) for of in (lambda mesh: mesh.vertices, colors_of))
    return make_mesh(vertices, faces, colors)


def test_drops_small_pieces_only():
    whole = joined(strip(2, 0), strip(60, 1), strip(38, 2))
    mesh = drop_small_pieces(whole, 0.1)
    assert len(mesh.faces) == 98 and len(mesh.vertices) == 62 + 40
    assert set(np.unique(mesh.vertices[:, 2])) == {1, 2}
    np.testing.assert_allclose(colors_of(mesh)[:, 0], mesh.vertices[:, 2] / 10)
    np.testing.assert_array_equal(mesh.triangles, whole.triangles[2:])
    assert mesh.faces.max() == len(mesh.vertices) - 1
    assert len(whole.faces) == 100 and len(colors_of(whole)) == 4 + 62 + 40, "the mesh itself stays as it is"


def test_the_largest_piece_stays():
    mesh = drop_small_pieces(joined(*(strip(5 + (n == 7), n) for n in range(10))), 0.5)
    assert len(mesh.faces) == 6 and set(mesh.vertices[:, 2]) == {7}


def test_small_pieces_that_are_no_crumbs_can_be_spared():
    whole = joined(strip(2, 0), strip(60, 1), strip(6, 2), strip(6, 3), strip(26, 4))
    mesh = drop_small_pieces(whole, 0.1, 0.05, lambda places: places[0, 2] != 3)
    assert set(np.unique(mesh.vertices[:, 2])) == {1, 2, 4}


def test_nothing_is_dropped_at_zero():
    mesh = joined(strip(1, 0), strip(60, 1))
    np.testing.assert_array_equal(drop_small_pieces(mesh, 0).faces, mesh.faces)


@pytest.fixture(scope="module")
def crumpled() -> dict[str, np.ndarray]:
    """A million faces with duplicate and unused vertices, duplicate faces, and faces without area."""
    random = np.random.default_rng(0)
    vertices = random.integers(0, 60, size=(500_000, 3)).astype(np.float32) / 3
    faces = random.integers(0, 499_000, size=(1_000_000, 3)).astype(np.int32)
    faces[:1000], faces[1000:2000, 1] = faces[1000:2000], faces[1000:2000, 0]
    colors, uv = random.random((500_000, 3), np.float32), random.random((1_000_000, 3, 2), np.float32)
    return {"vertices": vertices, "faces": faces, "colors": colors, "uv": uv, "texture": np.arange(200, dtype=np.uint8)}


def test_no_vertex_is_merged_and_no_face_left_out(crumpled):
    arrays = mesh_arrays(make_mesh(**crumpled))
    assert list(arrays) == list(crumpled)
    for name, array in crumpled.items():
        assert type(arrays[name]) is np.ndarray and arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(arrays[name], array)
    assert list(mesh_arrays(make_mesh(*list(crumpled.values())[:3]))) == ["vertices", "faces", "colors"]


@pytest.mark.slow
def test_dropping_pieces_merges_no_vertices_either(crumpled):
    mesh = make_mesh(*(crumpled[name] for name in ("vertices", "faces", "colors")))
    kept = drop_small_pieces(mesh, 0)
    np.testing.assert_array_equal(kept.triangles, mesh.triangles)
    np.testing.assert_array_equal(colors_of(kept)[kept.faces], colors_of(mesh)[mesh.faces])
    assert len(kept.vertices) == len(np.unique(mesh.faces))


@pytest.mark.parametrize("unit", [1, 1e3, 1e-8])
def test_normals_are_the_same_in_all_units(unit):
    sphere = trimesh.creation.icosphere(3)
    normals = vertex_normals(make_mesh(sphere.vertices * unit, sphere.faces, np.ones_like(sphere.vertices)))
    assert normals.dtype == np.float32
    np.testing.assert_allclose(normals, sphere.vertices, atol=0.02)
