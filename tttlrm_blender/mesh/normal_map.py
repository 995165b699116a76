# SPDX-License-Identifier: GPL-3.0-or-later
"""Normal maps: the shape of a dense surface on a coarser mesh, in tangent space as glTF and Blender have it."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree
from trimesh import Trimesh

from ..progress import Report
from ..stages import Stage
from .mesh import points_of, vertex_normals
from .tangents import corner_tangents
from .texture import dilated, texels_at
from .unwrap import Atlas

NEIGHBORS = 4  # vertices of the dense surface whose normals are blended
FARTHEST = 0.03  # of the mesh's size: farther from the dense surface, the mesh keeps its own normals
PART = 1 << 18  # texels that are baked together
LEVEL = np.array([128, 128, 255], np.uint8)  # the normal of the mesh itself


def bake_normals(
    mesh: Trimesh, atlas: Atlas, surface: NearestNormals, report: Report
) -> np.ndarray:  # [size, size, 3] uint8, the first row at the top
    """Normals of a dense surface, nearest to each texel: x along u, y along v and z outward, from −1 to 1 as 0 to 255."""
    covered = atlas.face_index >= 0
    picture, texels = np.tile(LEVEL, (atlas.size**2, 1)), np.flatnonzero(covered)
    vertices, normals, tangents = points_of(mesh), vertex_normals(mesh), corner_tangents(mesh, atlas.uv)
    for start in range(0, len(texels), PART):
        report(Stage.BAKE_TEXTURE, 1)
        part = texels[start : start + PART]
        rows, columns = np.divmod(part, atlas.size)
        corners, shares = texels_at(mesh.faces, atlas, rows, columns)
        points, outward = (np.einsum("tc,tci->ti", shares, values[corners]) for values in (vertices, normals))
        tangent = np.einsum("tc,tci->ti", shares, tangents[atlas.face_index[rows, columns]])
        sign = np.where(tangent[:, 3:] < 0, -1, 1)
        frame = np.stack([tangent[:, :3], sign * np.cross(outward, tangent[:, :3]), outward], axis=1)
        local = np.linalg.solve(frame.transpose(0, 2, 1) + 1e-6 * np.eye(3), surface.normals_at(points, outward)[..., None])[
            ..., 0
        ]
        local /= np.maximum(np.linalg.norm(local, axis=1, keepdims=True), 1e-20)
        picture[part] = np.round((local * 0.5 + 0.5) * 255).clip(0, 255)
    return dilated(picture.reshape(atlas.size, atlas.size, 3), covered)[::-1]


class NearestNormals:
    """The normals of a dense mesh."""

    def __init__(self, mesh: Trimesh, farthest: float) -> None:
        """Points farther than `farthest`, in world units, are not on it."""
        self._tree, self._farthest = cKDTree(points_of(mesh)), farthest
        self._normals = np.concatenate([vertex_normals(mesh), np.zeros((1, 3), np.float32)])  # none for neighbors too far away

    @staticmethod
    def of(dense: Trimesh, mesh: Trimesh) -> NearestNormals:
        """Those for a coarser mesh of the same surface."""
        return NearestNormals(dense, FARTHEST * float(np.ptp(points_of(mesh), axis=0).max()))

    def normals_at(self, points: np.ndarray, own: np.ndarray) -> np.ndarray:
        """The unit normals [T, 3] at the vertices nearest to points [T, 3], blended; their `own` [T, 3] where these disagree."""
        distances, nearest = self._tree.query(points, k=NEIGHBORS, workers=-1, distance_upper_bound=self._farthest)
        on = np.isfinite(distances[:, :1])
        with np.errstate(invalid="ignore"):
            weights = np.where(on, np.maximum(distances[:, :1], 1e-12) / np.maximum(distances, 1e-12), 0) ** 2
        found = np.einsum("tk,tki->ti", weights, self._normals[nearest])
        found /= np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-20)
        return np.where(on & ((found * own).sum(axis=1, keepdims=True) > 0), found, own)
