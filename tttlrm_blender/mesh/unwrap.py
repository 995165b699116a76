# SPDX-License-Identifier: GPL-3.0-or-later
"""UV unwrapping: give every face its own area in a square texture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from trimesh import Trimesh

from ..errors import Code, TttlrmError
from ..progress import Listen, Report
from ..stages import Stage
from .charts import Faces, connected_charts, grid_cells, projection_directions
from .face_raster import rasterize_faces
from .packing import highest_scale, pack, place

GUTTER = 2  # texels around a chart
CUTS = (2, 3, 6, 8)  # cells along the side of a square with the area of all faces; charts larger than a cell are cut
WORTH = 1.003  # by so much larger must the scale of another cut be
ROOMY = 0.75  # of the scale at which faces would fill the texture: mostly they fit
SMALLER, SMALLER_BY = 12, 0.8  # tries, each at a scale smaller by this factor
LAYERS = 8  # rounds in which hidden faces are moved to new charts together; after that, each becomes a chart on its own


@dataclass(frozen=True)
class Atlas:
    """Positions of the faces of a mesh in a texture of `size` × `size` texels, with the first row at the bottom."""

    size: int
    corners: np.ndarray  # [M, 3, 2] float64, texels
    face_index: np.ndarray  # [size, size] int32, the face on each texel, −1 for none

    @staticmethod
    def of(uv: np.ndarray, size: int) -> Atlas:
        """The atlas of texture coordinates [M, 3, 2], v up; those outside of 0 to 1 are not on it."""
        corners = uv.astype(np.float64) * size
        face_index, _ = rasterize_faces(corners, np.zeros(corners.shape[:2]), size, size)
        _claim_texels(corners, face_index)
        return Atlas(size, corners, face_index)

    @property
    def uv(self) -> np.ndarray:
        """Texture coordinates [M, 3, 2] float32 of the faces' corners, 0 to 1, v up as in Blender."""
        return (self.corners / self.size).astype(np.float32)


def unwrap(mesh: Trimesh, size: int, report: Report) -> Atlas:
    """Unwrap a mesh. Faces that are hidden behind others of their chart are moved to new charts.

    Large charts waste room between them and small ones in their gutters, so different cuts are tried. Raises `TttlrmError` if
    the texture is too small for all charts, and `Cancelled`.
    """
    report(Stage.UNWRAP, 0)
    faces = Faces.of(mesh)
    directions = projection_directions(faces, partial(report, Stage.UNWRAP, 0))
    projected = faces.projected(directions)
    report(Stage.UNWRAP, 0)
    charts, flat, corners, least = connected_charts(faces, directions), projected[..., :2], None, 0.0
    for done, cells in enumerate(CUTS):
        listen = partial(report, Stage.UNWRAP, (1 + done) / (1 + len(CUTS)))
        better = _unwrapped(faces, projected, grid_cells(flat, charts, cells), size, least, listen)
        if better is not None:
            corners, least = better, WORTH * _scale(flat, better)
    assert corners is not None  # the first cut has no scale to beat
    face_index, _ = rasterize_faces(corners, projected[..., 2], size, size)
    _claim_texels(corners, face_index)
    report(Stage.UNWRAP, 1)
    return Atlas(size, corners, face_index)


def _unwrapped(
    faces: Faces,
    projected: np.ndarray,  # [M, 3, 3], right, up and toward the viewer
    labels: np.ndarray,  # [M], equal for the faces of a chart
    size: int,
    least: float,
    listen: Listen,
) -> np.ndarray | None:  # [M, 3, 2], texels
    """The faces in an atlas, at a scale of at least `least`; None if they do not fit at that."""
    flat = projected[..., :2]
    scale = ROOMY * highest_scale(flat, size)
    for layer in range(1, LAYERS + 2):
        listen()
        charts = connected_charts(faces, labels)
        corners, scale = _placed(flat, charts, size, scale, listen)
        hidden = rasterize_faces(corners, projected[..., 2], size, size)[1]
        if not hidden.any():
            break
        labels[hidden] = labels[hidden] + len(faces) if layer < LAYERS else -1 - np.arange(hidden.sum())
    return pack(flat, charts, size, GUTTER, max(scale, least), listen)


def _scale(flat: np.ndarray, corners: np.ndarray) -> float:
    """By how much faces [M, 3, 2] in an atlas are larger than flattened ones."""
    before, after = (float(np.abs(np.linalg.det(each[:, 1:] - each[:, :1])).sum()) for each in (flat, corners))
    return (after / max(before, 1e-300)) ** 0.5


def _placed(
    flat: np.ndarray,  # [M, 3, 2], world units
    charts: np.ndarray,  # [M]
    size: int,
    scale: float,
    listen: Listen,
) -> tuple[np.ndarray, float]:  # [M, 3, 2], texels
    """The faces in an atlas at the given scale, or the largest of some smaller ones at which they fit."""
    for _ in range(SMALLER):
        corners = place(flat, charts, size, GUTTER, scale, listen)
        if corners is not None:
            return corners, scale
        scale *= SMALLER_BY
    hint = "Choose a larger texture, 0 for vertex colors, or fewer faces."
    raise TttlrmError(
        "A texture of {} pixels is too small for the {} pieces of this mesh.",
        size,
        int(charts.max(initial=-1)) + 1,
        hint=hint,
        code=Code.BAD_SETTINGS,
    )


def _claim_texels(
    corners: np.ndarray,  # [M, 3, 2], texels
    face_index: np.ndarray,  # [size, size] int32, −1 for none; changed in place
) -> None:
    """Assign the texel at their middle to faces that cover no texel's center, unless another face has it."""
    covered = np.zeros(len(corners), dtype=bool)
    covered[face_index[face_index >= 0]] = True
    middles = np.floor(corners.mean(axis=1))
    small = np.flatnonzero(~covered & (middles >= 0).all(axis=1) & (middles < len(face_index)).all(axis=1))
    column, row = middles[small].astype(np.int64).T
    free = face_index[row, column] < 0
    face_index[row[free], column[free]] = small[free]
