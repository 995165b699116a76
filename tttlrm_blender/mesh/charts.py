# SPDX-License-Identifier: GPL-3.0-or-later
"""Cutting a surface into charts: connected pieces that lie flat when they are looked at along one axis of the world."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from trimesh import Trimesh
from trimesh.graph import connected_component_labels

from ..progress import Listen

# For each of the six directions ±x, ±y, ±z: the axes of the picture [right, up] of one who looks at it from there.
PROJECTIONS = np.array([
    [[0, 1, 0], [0, 0, 1]], [[0, -1, 0], [0, 0, 1]],
    [[-1, 0, 0], [0, 0, 1]], [[1, 0, 0], [0, 0, 1]],
    [[1, 0, 0], [0, 1, 0]], [[-1, 0, 0], [0, 1, 0]],
], dtype=np.float64)  # fmt: skip
DIRECTIONS = np.cross(PROJECTIONS[:, 0], PROJECTIONS[:, 1])  # [6, 3]

SMOOTHING = 6  # rounds in which normals are averaged with their neighbours': charts are to follow the shape, not its noise
MIN_COSINE = 0.3  # cosine between a face and the direction that it is looked at from: texels are stretched to 1/0.3 at most
SMALL = 64  # faces below which a chart goes to a larger neighbour where it can,
MIN_COSINE_SMALL = 0.1  # and may then be stretched more
ROUNDS = 8  # of joining charts
CELLS = 8  # to the side of a square as large as all faces together: larger charts are cut, as large odd shapes pack badly
MOST_CELLS = 1 << 20  # along a side: faces without area have no size of cells


@dataclass(frozen=True)
class Faces:
    """M faces as charts need them."""

    corners: np.ndarray  # [M, 3, 3] float64, world units
    normals: np.ndarray  # [M, 3] float64, of unit length, 0 for faces without area
    adjacency: np.ndarray  # [L, 2], pairs of faces with an edge in common

    @staticmethod
    def of(mesh: Trimesh) -> Faces:
        """The faces of a mesh, with normals whatever its units are: those of trimesh are 0 below 1e-13 square units."""
        corners = np.asarray(mesh.vertices)[mesh.faces]
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        lengths = np.linalg.norm(normals, axis=1, keepdims=True)
        normals = np.divide(normals, lengths, out=np.zeros_like(normals), where=lengths > 0)
        return Faces(corners, normals, _adjacency(np.asarray(mesh.faces)))

    def __len__(self) -> int:
        return len(self.corners)

    def projected(
        self,
        directions: np.ndarray,  # [M], indices of the directions that faces are looked at from
    ) -> np.ndarray:  # [M, 3, 3]
        """The corners as seen from there: right, up and towards the eye, in world units."""
        axes = np.concatenate([PROJECTIONS, DIRECTIONS[:, None]], axis=1)
        return np.einsum("mij,mcj->mci", axes[directions], self.corners)


def _adjacency(faces: np.ndarray) -> np.ndarray:
    """Pairs [L, 2] of faces that share an edge.

    `Trimesh.face_adjacency` leaves out edges of more than two faces, and takes 0.59 s for a million faces in place of 0.17 s.
    """
    edges = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    keys = edges[:, 0] * (int(faces.max(initial=0)) + 1) + edges[:, 1]
    order = np.argsort(keys, kind="stable")
    same = keys[order[1:]] == keys[order[:-1]]
    return np.stack([order[:-1][same], order[1:][same]], axis=1) // 3


def projection_directions(faces: Faces, listen: Listen) -> np.ndarray:
    """From which of the six directions each face is looked at: [M].

    Small charts join their neighbours where that does not turn a face away.
    """
    listen()
    cosines = faces.normals @ DIRECTIONS.T
    smooth = _smoothed(faces) @ DIRECTIONS.T
    directions = np.where(cosines > MIN_COSINE, smooth, cosines - 2).argmax(axis=1)
    for _ in range(ROUNDS):
        listen()
        joined = _merge_small(faces, cosines, directions)
        if np.array_equal(joined, directions):
            break
        directions = joined
    return directions


def _smoothed(faces: Faces) -> np.ndarray:
    """Normals [M, 3] averaged over the faces around."""
    first, second = faces.adjacency.T
    count = len(faces)
    around = coo_array((np.ones(2 * len(first)), (np.r_[first, second], np.r_[second, first])), shape=(count, count)).tocsr()
    normals = faces.normals
    for _ in range(SMOOTHING):
        normals = normals + around @ normals
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-20)
    return normals


def _merge_small(faces: Faces, cosines: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Directions [M] with those of small charts replaced by that of the larger neighbour with the longest common border."""
    charts = connected_charts(faces, directions)
    count = charts.max(initial=-1) + 1
    sizes = np.bincount(charts, minlength=count)
    inside, outside = np.concatenate([faces.adjacency, faces.adjacency[:, ::-1]]).T
    borders = (sizes[charts[inside]] < SMALL) & (sizes[charts[inside]] < sizes[charts[outside]])
    length = np.zeros((count, len(DIRECTIONS)))
    np.add.at(length, (charts[inside[borders]], directions[outside[borders]]), 1)
    steepest = np.ones((count, len(DIRECTIONS)))
    np.minimum.at(steepest, charts, cosines)
    length[steepest <= MIN_COSINE_SMALL] = 0
    return np.where(length.any(axis=1)[charts], length.argmax(axis=1)[charts], directions)


def connected_charts(
    faces: Faces,
    labels: np.ndarray,  # [M], of whatever faces of one chart have in common
) -> np.ndarray:  # [M], 0 to C - 1
    """The connected pieces of faces with the same label."""
    inside = labels[faces.adjacency[:, 0]] == labels[faces.adjacency[:, 1]]
    return connected_component_labels(faces.adjacency[inside], len(faces))


def grid_cells(
    flat: np.ndarray,  # [M, 3, 2], faces as they lie in their charts
    charts: np.ndarray,  # [M]
) -> np.ndarray:  # [M], labels
    """Labels of the faces of one chart in one cell of a grid that starts at the chart's lower left corner."""
    sides = flat[:, 1:] - flat[:, :1]
    area = np.abs(np.linalg.det(sides)).sum() / 2
    low = np.full((charts.max(initial=-1) + 1, 2), np.inf)
    np.minimum.at(low, charts, flat.min(axis=1))
    x, y = ((flat.mean(axis=1) - low[charts]) // max(np.sqrt(area) / CELLS, 1e-300)).clip(max=MOST_CELLS).astype(np.int64).T
    return np.unique((charts * (x.max(initial=0) + 1) + x) * (y.max(initial=0) + 1) + y, return_inverse=True)[1]
