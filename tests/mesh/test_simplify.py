# SPDX-License-Identifier: GPL-3.0-or-later
"""Meshes with fewer faces: manifolds still, with the same pieces, holes and borders."""

import numpy as np
import pytest
import trimesh

from tttlrm_blender.mesh.collapse import (
    EVEN,
    best_places,
    faces_around,
    keeps_topology,
    keeps_topology_reference,
    vertex_quadrics,
)
from tttlrm_blender.mesh.manifold import edges_of
from tttlrm_blender.mesh.simplify import simplify

from .test_manifold import assert_manifold


def sheet(side: int = 24, hole: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """A square of side 1 in the plane z = 0, with a square hole in its middle."""
    corner = np.arange(side * side).reshape(side, side)
    points = np.stack([corner.ravel() // side, corner.ravel() % side, 0 * corner.ravel()], axis=1) / (side - 1)
    a, b, c, d = corner[:-1, :-1], corner[1:, :-1], corner[1:, 1:], corner[:-1, 1:]
    faces = np.stack([np.stack([a, b, c], -1), np.stack([a, c, d], -1)]).reshape(-1, 3)
    middle = points[faces].mean(axis=1)[:, :2]
    return points, faces[(np.abs(middle - 0.5) > 0.2).any(axis=1)] if hole else faces


def border_of(points: np.ndarray, faces: np.ndarray) -> tuple[int, float]:
    """The number and the total length of the edges with one face."""
    edges, edge = edges_of(faces)
    ends = points[edges[np.bincount(edge) == 1]]
    return len(ends), float(np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1).sum())


def bumpy(subdivisions: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """A sphere with noise."""
    sphere = trimesh.creation.icosphere(subdivisions)
    noise = np.random.default_rng(0).normal(scale=0.02, size=len(sphere.vertices))
    return sphere.vertices * (1 + noise)[:, None], sphere.faces


def test_a_flat_sheet_keeps_its_outline_and_its_hole():
    points, faces = sheet()
    fewer, left = simplify(points, faces, 60)
    assert_manifold(left)
    assert len(left) <= 60 and fewer.dtype == np.float32 and left.dtype == np.int32
    np.testing.assert_allclose(fewer[:, 2], 0, atol=1e-6)
    np.testing.assert_allclose(border_of(fewer, left)[1], border_of(points, faces)[1], rtol=0.01)
    assert len(fewer) - len(edges_of(left)[0]) + len(left) == 0, "a ring: Euler's number"
    assert trimesh.Trimesh(fewer, left).area == pytest.approx(trimesh.Trimesh(points, faces).area, rel=0.01)


@pytest.mark.parametrize("most", [1000, 300, 50])
def test_a_bumpy_sphere_stays_closed(most):
    fewer, left = simplify(*bumpy(), most)
    assert len(left) == most
    assert_manifold(left)
    mesh = trimesh.Trimesh(fewer, left, process=False)
    assert mesh.is_watertight and mesh.euler_number == 2
    assert mesh.volume == pytest.approx(4 / 3 * np.pi, rel=0.03 if most > 50 else 0.15)


def test_topology_sets_the_least():
    torus = trimesh.creation.torus(1, 0.3, 24, 12)
    fewer, left = simplify(torus.vertices, torus.faces, 1)
    assert_manifold(left)
    assert trimesh.Trimesh(fewer, left, process=False).euler_number == 0 and 14 <= len(left) < 60
    _, pair = simplify(*two_spheres(), 1)
    assert len(pair) == 8, "two tetrahedra"


def two_spheres() -> tuple[np.ndarray, np.ndarray]:
    sphere = trimesh.creation.icosphere(1)
    return np.concatenate([sphere.vertices, sphere.vertices + 5]), np.concatenate([sphere.faces, sphere.faces + 42])


def test_a_cube_keeps_its_corners():
    cube = trimesh.creation.box().subdivide().subdivide().subdivide()
    fewer, left = simplify(cube.vertices, cube.faces, 12)
    assert len(left) == 12
    np.testing.assert_allclose(np.abs(fewer), 0.5, atol=5e-3)


@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_any_unit(unit):
    points, faces = bumpy(3)
    fewer, left = simplify(points, faces, 200)
    scaled, same = simplify(points * unit + 3 * unit, faces, 200)
    assert len(same) == len(left)
    assert trimesh.Trimesh(scaled / unit, same).volume == pytest.approx(trimesh.Trimesh(fewer, left).volume, rel=0.01)


def test_exactly_the_allowed_edges_collapse():
    """Random triangles of few vertices, whose topology is intricate, against the definition."""
    random, outcomes = np.random.default_rng(1), []
    for _ in range(15):
        points, faces = bumpy(1) if random.random() < 0.5 else sheet(5, hole=bool(random.integers(2)))
        while len(faces) > random.integers(4, 30):  # reach the small cases
            edges = edges_of(faces)[0]
            edge = edges[random.integers(len(edges))]
            allowed = keeps_topology_reference(*edge.tolist(), faces.tolist())
            outcomes.append(allowed)
            u, v = edge
            seen = np.zeros((2, len(points)), np.int16)
            assert keeps_topology(u, v, faces, *faces_around(faces, len(points)), seen) == allowed, f"{edge} of {faces.tolist()}"
            assert not seen.any()
            if allowed:
                faces = np.where(faces == v, u, faces)[((faces == u) | (faces == v)).sum(axis=1) < 2]
            assert_manifold(faces)
    assert 0.05 < np.mean(outcomes) < 0.95


def test_edges_collapse_to_the_best_places():
    """Against the same in matrices: the least of xᵀAx + 2bᵀx + c, with a share of the distance from the middle."""
    random = np.random.default_rng(2)
    points, quadrics = random.random((6, 3)), np.zeros((6, 10))
    rows = random.normal(size=(6, 5, 4))  # planes
    upper = np.triu_indices(3)
    for quadric, planes in zip(quadrics, rows, strict=True):
        whole = planes.T @ planes
        quadric[:6], quadric[6:9], quadric[9] = whole[:3, :3][upper], whole[:3, 3], whole[3, 3]
    edges = np.array([[0, 1], [2, 5], [3, 4]])
    places, costs = np.zeros((3, 3)), np.zeros(3)
    best_places(0, 3, edges, points, quadrics, np.inf, places, costs)
    for (u, v), place, cost in zip(edges, places, costs, strict=True):
        whole = sum(planes.T @ planes for planes in rows[[u, v]])
        even, middle = EVEN * np.trace(whole[:3, :3]), (points[u] + points[v]) / 2
        np.testing.assert_allclose(place, np.linalg.solve(whole[:3, :3] + even * np.eye(3), even * middle - whole[:3, 3]))
        apart = ((points[u] - points[v]) ** 2).sum()
        assert cost == pytest.approx(np.r_[place, 1] @ whole @ np.r_[place, 1] + even * apart)


def test_an_error_ends_it():
    """What cannot have few faces is not pulled apart for the rest to have none."""
    points, faces = bumpy()
    fewer, left = simplify(points, faces, 4, error=0.01)
    assert 100 < len(left) < 3000
    assert np.linalg.norm(fewer, axis=1) == pytest.approx(np.ones(len(fewer)), abs=0.15)


def test_quadrics_are_squared_distances():
    points, faces = np.array([[0, 0, 0], [2, 0, 0], [0, 2, 0]], float), np.array([[0, 1, 2]])
    a = vertex_quadrics(points, faces, np.zeros((0, 2), int), np.zeros(0, int))[0]
    np.testing.assert_allclose(a[[5, 9]], [2, 0])  # area times z²
    b = vertex_quadrics(points, faces, np.array([[0, 1]]), np.array([2]))[0]
    assert b[3] == pytest.approx(4), "the weight of a border times the square of its length, times y²"
