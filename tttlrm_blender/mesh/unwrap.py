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
from .packing import pack

GUTTER = 2  # texels around a chart
LAYERS = 8  # rounds in which hidden faces are moved to new charts together; after that, each becomes a chart on its own


@dataclass(frozen=True)
class Atlas:
    """Positions of the faces of a mesh in a texture of `size` × `size` texels, with the first row at the bottom."""

    size: int
    corners: np.ndarray  # [M, 3, 2] float64, texels
    face_index: np.ndarray  # [size, size] int32, the face on each texel, −1 for none

    @property
    def uv(self) -> np.ndarray:
        """Texture coordinates [M, 3, 2] float32 of the faces' corners, 0 to 1, v up as in Blender."""
        return (self.corners / self.size).astype(np.float32)


def unwrap(mesh: Trimesh, size: int, report: Report) -> Atlas:
    """Unwrap a mesh. Faces that are hidden behind others of their chart are moved to new charts.

    Raises `TttlrmError` if the texture is too small for all charts, and `Cancelled`.
    """
    report(Stage.UNWRAP, 0)
    faces = Faces.of(mesh)
    directions = projection_directions(faces, partial(report, Stage.UNWRAP, 0))
    projected = faces.projected(directions)
    report(Stage.UNWRAP, 0)
    labels = grid_cells(projected[..., :2], connected_charts(faces, directions))
    for layer in range(1, LAYERS + 2):
        listen = partial(report, Stage.UNWRAP, layer / (LAYERS + 2))
        listen()
        charts = connected_charts(faces, labels)
        listen()
        corners = _packed(projected[..., :2], charts, size, listen)
        listen()
        face_index, hidden = rasterize_faces(corners, projected[..., 2], size, size)
        if not hidden.any():
            break
        labels[hidden] = labels[hidden] + len(faces) if layer < LAYERS else -1 - np.arange(hidden.sum())
    _claim_texels(corners, face_index)
    return Atlas(size, corners, face_index)


def _packed(
    flat: np.ndarray,  # [M, 3, 2], world units
    charts: np.ndarray,  # [M]
    size: int,
    listen: Listen,
) -> np.ndarray:  # [M, 3, 2], texels
    """Move and scale flattened faces to the positions of their charts in the atlas."""
    count = charts.max(initial=-1) + 1
    order = np.argsort(charts, kind="stable")
    starts = np.searchsorted(charts[order], np.arange(count))
    low = np.minimum.reduceat(flat.min(axis=1)[order], starts)
    high = np.maximum.reduceat(flat.max(axis=1)[order], starts)
    packed = pack(high - low, size, GUTTER, listen)
    if packed is None:
        hint = "Choose a larger texture, 0 for vertex colors, or fewer faces."
        raise TttlrmError(
            "A texture of {} pixels is too small for the {} pieces of this mesh.", size, count, hint=hint, code=Code.BAD_SETTINGS
        )
    scale, places = packed
    return (flat - low[charts][:, None]) * scale + places[charts][:, None]


def _claim_texels(
    corners: np.ndarray,  # [M, 3, 2], texels
    face_index: np.ndarray,  # [size, size] int32, −1 for none; changed in place
) -> None:
    """Assign the texel at their middle to faces that cover no texel's center, unless another face has it."""
    covered = np.zeros(len(corners), dtype=bool)
    covered[face_index[face_index >= 0]] = True
    small = np.flatnonzero(~covered)
    column, row = corners[small].mean(axis=1).astype(np.int64).T
    free = face_index[row, column] < 0
    face_index[row[free], column[free]] = small[free]
