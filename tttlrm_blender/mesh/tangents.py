# SPDX-License-Identifier: GPL-3.0-or-later
"""Tangents of a mesh with texture coordinates, by the rules of MikkTSpace (Mikkelsen 2008), which glTF and Blender follow."""

from __future__ import annotations

import numpy as np
from trimesh import Trimesh

from .mesh import points_of, vertex_normals


def corner_tangents(mesh: Trimesh, uv: np.ndarray) -> np.ndarray:
    """Tangents of the faces' corners for texture coordinates `uv` [M, 3, 2], v up: [M, 3, 4] float32.

    The first three are the direction of u, of unit length and perpendicular to the vertex normal; the last is the sign, ±1, of
    normal × tangent as the direction of v. Corners that share vertex, texture coordinates and sign have the mean of their faces'
    tangents, weighted by angle.
    """
    faces = np.asarray(mesh.faces)
    normals = vertex_normals(mesh)[faces].astype(np.float64)
    corners, places = points_of(mesh)[faces].astype(np.float64), uv.astype(np.float64)
    along, across = (corners[:, k] - corners[:, 0] for k in (1, 2))
    (s1, t1), (s2, t2) = ((places[:, k] - places[:, 0]).T for k in (1, 2))
    sign = np.where(s1 * t2 - s2 * t1 < 0, -1.0, 1.0)
    raw = sign[:, None] * (t2[:, None] * along - t1[:, None] * across)
    flat = _unit(raw[:, None] - normals * (raw[:, None] * normals).sum(axis=-1, keepdims=True))
    weighted = flat * _angles(corners, normals)[..., None]
    keys = np.concatenate([faces.reshape(-1, 1), uv.reshape(-1, 2).view(np.int32), np.repeat(sign, 3)[:, None]], axis=1)
    same = np.unique(keys.astype(np.int64), axis=0, return_inverse=True)[1].reshape(-1)
    total = np.stack([np.bincount(same, column) for column in weighted.reshape(-1, 3).T], axis=1)[same].reshape(-1, 3, 3)
    lost = (total**2).sum(axis=-1, keepdims=True) == 0
    tangents = np.where(lost, _unit(np.cross(normals, np.eye(3)[np.abs(normals).argmin(axis=-1)])), _unit(total))
    return np.concatenate([tangents, np.broadcast_to(sign[:, None, None], (len(faces), 3, 1))], axis=-1).astype(np.float32)


def _angles(corners: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """The angle [M, 3] of each corner [M, 3, 3], in the plane perpendicular to its normal."""
    ahead, behind = (np.roll(corners, turn, axis=1) - corners for turn in (-1, 1))
    flat = [_unit(side - normals * (side * normals).sum(axis=-1, keepdims=True)) for side in (ahead, behind)]
    return np.arccos((flat[0] * flat[1]).sum(axis=-1).clip(-1, 1))


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors [..., 3] of unit length, 0 for those without a length."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
