# SPDX-License-Identifier: GPL-3.0-or-later
"""Cut a surface into charts: connected pieces that are flattened by projecting them along one axis of the world."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from trimesh import Trimesh
from trimesh.graph import connected_component_labels

from ..progress import Listen

# For each of the six viewing directions ±x, ±y, ±z: the axes [right, up] of the projection.
PROJECTIONS = np.array([
    [[0, 1, 0], [0, 0, 1]], [[0, -1, 0], [0, 0, 1]],
    [[-1, 0, 0], [0, 0, 1]], [[1, 0, 0], [0, 0, 1]],
    [[1, 0, 0], [0, 1, 0]], [[-1, 0, 0], [0, 1, 0]],
], dtype=np.float64)  # fmt: skip
DIRECTIONS = np.cross(PROJECTIONS[:, 0], PROJECTIONS[:, 1])  # [6, 3]

SMOOTHING = 6  # rounds of averaging normals with their neighbors', so that charts follow the shape and not its noise
MIN_COSINE = 0.3  # between a face's normal and its viewing direction: texels are stretched by at most 1/0.3
SMALL = 64  # charts of fewer faces are merged into a larger neighbor if possible,
MIN_COSINE_SMALL = 0.1  # and may be stretched more there
ROUNDS = 8  # of merging charts
MOST_CELLS = 1 << 20  # along a side; a limit for faces without area


@dataclass(frozen=True)
class Faces:
    """Geometry of M faces that charts are made from."""

    corners: np.ndarray  # [M, 3, 3] float64, world units
    normals: np.ndarray  # [M, 3] float64, of unit length, 0 for faces without area
    adjacency: np.ndarray  # [L, 2], pairs of faces with an edge in common

    @staticmethod
    def of(mesh: Trimesh) -> Faces:
        """The faces of a mesh. Normals are exact at any scale; those of trimesh are 0 for faces below 1e-13 square units."""
        corners = np.asarray(mesh.vertices)[mesh.faces]
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        lengths = np.linalg.norm(normals, axis=1, keepdims=True)
        normals = np.divide(normals, lengths, out=np.zeros_like(normals), where=lengths > 0)
        return Faces(corners, normals, _adjacency(np.asarray(mesh.faces)))

    def __len__(self) -> int:
        return len(self.corners)

    def projected(
        self,
        directions: np.ndarray,  # [M], indices of the viewing directions
    ) -> np.ndarray:  # [M, 3, 3]
        """The corners in view axes: right, up and toward the viewer, in world units."""
        axes = np.concatenate([PROJECTIONS, DIRECTIONS[:, None]], axis=1)
        return np.einsum("mij,mcj->mci", axes[directions], self.corners)


def _adjacency(faces: np.ndarray) -> np.ndarray:
    """Pairs [L, 2] of faces that share an edge.

    `Trimesh.face_adjacency` omits edges of more than two faces, and takes 0.59 s for a million faces instead of 0.17 s.
    """
    edges = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    keys = edges[:, 0] * (int(faces.max(initial=0)) + 1) + edges[:, 1]
    order = np.argsort(keys, kind="stable")
    same = keys[order[1:]] == keys[order[:-1]]
    return np.stack([order[:-1][same], order[1:][same]], axis=1) // 3


def projection_directions(faces: Faces, listen: Listen) -> np.ndarray:
    """Choose one of the six viewing directions for each face: [M] indices.

    Small charts are merged into their neighbors unless that would make a face point away.
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
    """Normals [M, 3] averaged over neighboring faces."""
    first, second = faces.adjacency.T
    count = len(faces)
    around = coo_array((np.ones(2 * len(first)), (np.r_[first, second], np.r_[second, first])), shape=(count, count)).tocsr()
    normals = faces.normals
    for _ in range(SMOOTHING):
        normals = normals + around @ normals
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-20)
    return normals


def _merge_small(faces: Faces, cosines: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Replace the directions [M] of small charts by that of the larger neighbor with the longest common border."""
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
    labels: np.ndarray,  # [M], equal for all faces of a chart
) -> np.ndarray:  # [M], 0 to C - 1
    """Number the connected pieces of faces with equal labels."""
    inside = labels[faces.adjacency[:, 0]] == labels[faces.adjacency[:, 1]]
    return connected_component_labels(faces.adjacency[inside], len(faces))


def grid_cells(
    flat: np.ndarray,  # [M, 3, 2], flattened faces
    charts: np.ndarray,  # [M]
    cells: int,  # along the side of a square with the area of all faces
) -> np.ndarray:  # [M], labels
    """Label faces by chart and by cell of a grid that starts at the chart's lower left corner."""
    sides = flat[:, 1:] - flat[:, :1]
    area = np.abs(np.linalg.det(sides)).sum() / 2
    low = np.full((charts.max(initial=-1) + 1, 2), np.inf)
    np.minimum.at(low, charts, flat.min(axis=1))
    x, y = ((flat.mean(axis=1) - low[charts]) // max(np.sqrt(area) / cells, 1e-300)).clip(max=MOST_CELLS).astype(np.int64).T
    return np.unique((charts * (x.max(initial=0) + 1) + x) * (y.max(initial=0) + 1) + y, return_inverse=True)[1]
