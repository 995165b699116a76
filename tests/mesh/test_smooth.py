# SPDX-License-Identifier: GPL-3.0-or-later
"""Noise goes, edges stay."""

import numpy as np
import pytest
import trimesh
from scipy.sparse import coo_array

from tttlrm_blender.mesh.smooth import ALIKE, SETTLING, THINNEST, smoothed
from tttlrm_blender.progress import Cancelled


def noisy(mesh: trimesh.Trimesh, times: int) -> tuple[trimesh.Trimesh, np.ndarray]:
    """A mesh with shorter edges, and its vertices with noise of a tenth of these."""
    for _ in range(times):
        mesh = mesh.subdivide()
    length = np.median(mesh.edges_unique_length)
    return mesh, mesh.vertices + np.random.default_rng(0).normal(scale=0.1 * length, size=mesh.vertices.shape)


def angles(mesh: trimesh.Trimesh, vertices: np.ndarray) -> np.ndarray:
    """Angles in degrees between the faces' normals and the exact ones."""
    normals = trimesh.Trimesh(vertices, mesh.faces, process=False).face_normals
    return np.degrees(np.arccos((normals * mesh.face_normals).sum(axis=1).clip(-1, 1)))


def test_a_cube_with_noise_becomes_a_cube():
    cube, rough = noisy(trimesh.creation.box(), 4)
    smooth = smoothed(rough, cube.faces, 20)
    assert smooth.dtype == np.float32 and smooth.shape == rough.shape
    assert np.median(angles(cube, rough)) > 8
    assert np.median(angles(cube, smooth)) < 1.5
    edges = (np.abs(np.abs(cube.vertices) - 0.5) < 1e-9).sum(axis=1) >= 2
    assert np.abs(smooth - cube.vertices)[edges].max() < 0.04, "edges and corners are where they were"
    outward = np.abs(smooth[edges]).max(axis=1)
    assert outward.mean() == pytest.approx(0.5, abs=0.005)


def test_a_sphere_keeps_its_size():
    sphere, rough = noisy(trimesh.creation.icosphere(3), 1)
    radius = np.linalg.norm(smoothed(rough, sphere.faces, 5), axis=1)
    assert radius.mean() == pytest.approx(np.linalg.norm(sphere.vertices, axis=1).mean(), rel=1e-3)
    assert radius.std() < 0.5 * np.linalg.norm(rough, axis=1).std()


def test_no_step_changes_nothing_and_any_can_be_stopped():
    cube, rough = noisy(trimesh.creation.box(), 2)
    np.testing.assert_array_equal(smoothed(rough, cube.faces, 0), rough.astype(np.float32))

    def stop() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        smoothed(rough, cube.faces, 1, stop)


def test_unused_vertices_stay():
    cube, rough = noisy(trimesh.creation.box(), 1)
    more = np.concatenate([rough, [[9, 9, 9]]])
    np.testing.assert_array_equal(smoothed(more, cube.faces, 3)[-1], 9)


def by_sparse_matrices(vertices: np.ndarray, faces: np.ndarray, steps: int) -> np.ndarray:
    """The same as `smoothed`, with all faces and vertices at once."""
    points, rows = np.array(vertices, float), np.arange(len(faces))
    across = np.cross(points[faces[:, 1]] - points[faces[:, 0]], points[faces[:, 2]] - points[faces[:, 0]])
    areas = np.linalg.norm(across, axis=1) / 2
    normals = across / 2 / areas[:, None]
    a, b = trimesh.graph.face_adjacency(faces).T
    beside = coo_array((np.ones(2 * len(a)), (np.r_[a, b], np.r_[b, a])), shape=(len(faces),) * 2).tocoo()
    for _ in range(steps):
        unlike = ((normals[beside.row] - normals[beside.col]) ** 2).sum(axis=1)
        weights = np.exp(-unlike / (2 * ALIKE**2)) * areas[beside.col]
        mixed = areas[:, None] * normals + coo_array((weights, (beside.row, beside.col)), beside.shape) @ normals
        normals = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
    sides = points[faces] - points[np.roll(faces, 1, axis=1)]
    heights = areas / np.linalg.norm(sides, axis=2).max(axis=1)
    pulls = (1 / np.maximum(heights, THINNEST * np.median(heights))).repeat(3)
    corners = coo_array((pulls, (faces.reshape(-1), rows.repeat(3))), shape=(len(points), len(faces))).tocsr()
    corners = corners / corners.sum(axis=1)[:, None]
    for _ in range(SETTLING * steps):
        heights = (normals * points[faces].mean(axis=1)).sum(axis=1, keepdims=True)
        tensors = (corners @ (normals[:, :, None] * normals[:, None, :]).reshape(-1, 9)).reshape(-1, 3, 3)
        points += corners @ (heights * normals) - (tensors @ points[:, :, None])[:, :, 0]
    return points


@pytest.mark.parametrize("open_", [False, True])
def test_the_plain_twin_gives_the_same(open_: bool):
    cube, rough = noisy(trimesh.creation.box(), 3)
    faces = cube.faces[: -len(cube.faces) // 3] if open_ else cube.faces
    used, faces = np.unique(faces, return_inverse=True)
    rough, faces = rough[used], faces.reshape(-1, 3)
    np.testing.assert_allclose(smoothed(rough, faces, 4), by_sparse_matrices(rough, faces, 4), atol=1e-6)


def test_no_faces_and_no_vertices():
    for count in (0, 2):
        assert smoothed(np.ones((count, 3)), np.zeros((0, 3), int), 2).shape == (count, 3)
