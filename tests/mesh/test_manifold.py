# SPDX-License-Identifier: GPL-3.0-or-later
"""Meshes that are cut open where they are no manifolds."""

import numpy as np
import pytest
import trimesh
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tttlrm_blender.mesh.manifold import edges_of, manifold, split_nonmanifold
from tttlrm_blender.mesh.mesh import make_mesh

BOOK = [[0, 1, 2], [1, 0, 3], [0, 1, 4]]  # three pages at one edge
TWISTED = [[0, 1, 2], [0, 1, 3]]  # two faces that run through their edge in the same direction
BOW_TIE = [[0, 1, 2], [0, 3, 4]]
TETRAHEDRA = [[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3], [0, 5, 4], [0, 4, 6], [0, 6, 5], [4, 5, 6]]  # two at one vertex


def fans(faces: np.ndarray, vertex: int) -> int:
    """The fans of faces around a vertex, by joining the faces that share an edge at it, one after the other."""
    groups: list[set[int]] = []
    for face in faces[(faces == vertex).any(axis=1)]:
        mates = set(face.tolist()) - {vertex}
        joined = [group for group in groups if group & mates]
        groups = [group for group in groups if not group & mates] + [mates.union(*joined)]
    return len(groups)


def assert_manifold(faces: np.ndarray) -> None:
    """Every edge has at most two faces, in opposite directions, and the faces at every vertex are one fan."""
    sides = faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2)
    assert len(np.unique(sides, axis=0)) == len(sides), "a side is there twice in the same direction"
    assert all(fans(faces, vertex) == 1 for vertex in np.unique(faces))


@pytest.mark.parametrize(("faces", "vertices"), [(BOOK, 9), (TWISTED, 6), (BOW_TIE, 6), (TETRAHEDRA, 8)])
def test_cut_open(faces, vertices):
    new, origin = split_nonmanifold(np.array(faces))
    np.testing.assert_array_equal(origin[new], faces)
    assert len(origin) == vertices
    assert_manifold(new)


def test_a_manifold_stays():
    sphere = trimesh.creation.icosphere(2)
    half = sphere.faces[sphere.triangles_center[:, 2] > 0.2]
    assert len(split_nonmanifold(half)[1]) == len(np.unique(half))
    closed = make_mesh(sphere.vertices, sphere.faces, np.ones_like(sphere.vertices))
    assert manifold(closed) is closed
    assert len(split_nonmanifold(np.zeros((0, 3), int))[0]) == 0


def test_repeated_vertices_are_apart():
    points = np.random.default_rng(0).random((7, 3)).astype(np.float32)
    colors = np.linspace(0, 1, 21, dtype=np.float32).reshape(7, 3)
    cut = manifold(make_mesh(points, TETRAHEDRA, colors))
    assert len(np.unique(cut.vertices, axis=0)) == 8
    np.testing.assert_array_equal(cut.vertex_attributes["color"][cut.faces], colors[np.array(TETRAHEDRA)])
    moved = np.linalg.norm(cut.vertices[cut.faces] - points[np.array(TETRAHEDRA)], axis=2)
    assert (moved > 0).sum() == 6 and moved.max() < 0.1


def test_edges():
    edges, edge = edges_of(np.array(TETRAHEDRA[:4]))
    assert edges.tolist() == [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]
    np.testing.assert_array_equal(np.bincount(edge), 2)
    assert edges[edge[:3]].tolist() == [[0, 2], [1, 2], [0, 1]]


def test_cutting_can_be_stopped():
    calls = []
    split_nonmanifold(trimesh.creation.icosphere(1).faces, lambda: calls.append(1))
    assert len(calls) > 2


@given(arrays(np.int64, st.tuples(st.integers(0, 12), st.just(3)), elements=st.integers(0, 9)))
def test_edges_are_those_of_sorting_by_comparison(faces: np.ndarray) -> None:
    sides = np.sort(faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    expected, expected_edge = np.unique(sides, axis=0, return_inverse=True)
    edges, edge = edges_of(faces)
    np.testing.assert_array_equal(edges, expected.reshape(-1, 2))
    np.testing.assert_array_equal(edge, expected_edge.reshape(-1))
