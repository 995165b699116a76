# SPDX-License-Identifier: GPL-3.0-or-later
"""Pieces of meshes."""

import numpy as np

from tttlrm_blender.mesh.mesh import Mesh, drop_small_pieces, keep_faces


def strip(faces: int, offset: float) -> Mesh:
    """A strip of triangles."""
    count = faces + 2
    vertices = np.stack([np.arange(count) // 2, np.arange(count) % 2, np.full(count, offset)], axis=1).astype(np.float32)
    indices = np.stack([np.arange(faces), np.arange(faces) + 1, np.arange(faces) + 2], axis=1).astype(np.int32)
    return Mesh(vertices, indices, np.full((count, 3), offset / 10, dtype=np.float32))


def joined(*meshes: Mesh) -> Mesh:
    starts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes[:-1])])
    faces = np.concatenate([mesh.faces + start for mesh, start in zip(meshes, starts, strict=True)])
    return Mesh(np.concatenate([m.vertices for m in meshes]), faces.astype(np.int32), np.concatenate([m.colors for m in meshes]))


def test_drops_small_pieces_only():
    mesh = drop_small_pieces(joined(strip(2, 0), strip(60, 1), strip(38, 2)), 0.1)
    assert len(mesh.faces) == 98 and len(mesh.vertices) == 62 + 40
    assert set(np.unique(mesh.vertices[:, 2])) == {1, 2}
    np.testing.assert_allclose(mesh.colors[:, 0], mesh.vertices[:, 2] / 10)
    assert mesh.faces.dtype == np.int32 and mesh.faces.max() == len(mesh.vertices) - 1


def test_the_largest_piece_stays():
    mesh = drop_small_pieces(joined(*(strip(5 + (n == 7), n) for n in range(10))), 0.5)
    assert len(mesh.faces) == 6 and set(mesh.vertices[:, 2]) == {7}


def test_nothing_is_dropped_at_zero():
    mesh = joined(strip(1, 0), strip(60, 1))
    np.testing.assert_array_equal(drop_small_pieces(mesh, 0).faces, mesh.faces)


def test_keeping_faces_keeps_their_corners():
    mesh = strip(10, 3)
    part = keep_faces(mesh, np.arange(10) == 4)
    np.testing.assert_array_equal(part.vertices[part.faces[0]], mesh.vertices[mesh.faces[4]])
