# SPDX-License-Identifier: GPL-3.0-or-later
"""The convex hull that stands for a mesh in collisions."""

from __future__ import annotations

import numpy as np
from trimesh import Trimesh
from trimesh.convex import convex_hull

from ..geometry.directions import all_around
from .mesh import UNSEEN, make_mesh, points_of

MOST = 128  # vertices; game engines allow 255 faces, and a hull of 128 vertices has 252 at most
FLAT = 1e-6  # thickness of a mesh, relative to its size, at which it is flat


def collider(mesh: Trimesh) -> Trimesh | None:
    """The convex hull of the vertices that are farthest in evenly spread directions; None for a flat mesh, however it lies."""
    points = points_of(mesh).astype(np.float64)
    center, size = points.mean(axis=0), np.maximum(np.ptp(points, axis=0), 1e-300)
    around = points - center
    thinnest, _, widest = np.linalg.eigvalsh(around.T @ around)
    if not thinnest > FLAT**2 * widest:
        return None
    farthest = np.unique(np.argmax(around / size @ all_around(MOST).T, axis=0))
    hull = convex_hull((around / size.max())[farthest])
    return make_mesh(hull.vertices * size.max() + center, hull.faces, np.full((len(hull.vertices), 3), UNSEEN, np.float32))
