# SPDX-License-Identifier: GPL-3.0-or-later
"""Small holes are closed, large ones stay."""

import numpy as np
import trimesh

from tttlrm_blender.mesh.holes import close_holes

from .test_fuse import open_edges, volume_of


def ball(*holes: tuple[float, float, float]) -> trimesh.Trimesh:
    """A ball of radius 1 without the faces next to some directions."""
    mesh = trimesh.creation.icosphere(4)
    missing = [np.argsort(-mesh.triangles_center @ np.array(hole))[:size] for *hole, size in holes]
    mesh.update_faces(np.setdiff1d(np.arange(len(mesh.faces)), np.concatenate(missing)))
    return mesh


def test_small_holes_are_closed_and_large_ones_stay():
    mesh = ball((0, 0, 1, 1), (1, 0, 0, 12), (0, 1, 0, 600))
    whole = open_edges(mesh)
    closed = close_holes(mesh, 0.5)
    assert 0 < open_edges(closed) < whole - 6 and open_edges(close_holes(mesh, 0.0)) == whole
    everything = close_holes(mesh, 10.0)
    assert open_edges(everything) == 0 and everything.is_winding_consistent and volume_of(everything) > 3.5


def test_holes_that_touch_in_a_vertex():
    mesh = trimesh.creation.icosphere(4)
    around = np.flatnonzero((mesh.faces == 500).any(axis=1))
    apart = next(face for face in around if len(set(mesh.faces[face]) & set(mesh.faces[around[0]])) == 1)
    mesh.update_faces(np.setdiff1d(np.arange(len(mesh.faces)), [around[0], apart]))
    assert open_edges(mesh) == 6
    closed = close_holes(mesh, 1.0)
    assert open_edges(closed) == 0 and closed.is_winding_consistent and len(closed.vertices) == len(mesh.vertices)


def test_a_closed_surface_stays():
    mesh = trimesh.creation.icosphere(2)
    np.testing.assert_array_equal(close_holes(mesh, 1.0).faces, mesh.faces)
