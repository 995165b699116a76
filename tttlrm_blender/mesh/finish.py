# SPDX-License-Identifier: GPL-3.0-or-later
"""From the dense surface to the meshes that are used: close, smooth, simplify, paint, levels of detail, collider."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.spatial import cKDTree
from trimesh import Trimesh

from ..progress import Listen, unheard
from ..protocol.settings import MeshSettings
from .close import closed
from .collider import collider
from .mesh import attach, colors_of, make_mesh, points_of
from .simplify import simplify
from .smooth import smoothed

ERROR = 0.01  # of coarser levels, as a share of the mesh's size: a surface full of handles cannot have as few faces as wanted
LEVELS = ((0.25, 2), (0.05, 4))  # share of the faces, and divisor of the texture's size

Paint = Callable[[Trimesh, Trimesh, int], Trimesh]  # a mesh, the dense one and a texture's size, to the mesh with its texture


def finish(dense: Trimesh, settings: MeshSettings, paint: Paint, listen: Listen = unheard) -> Trimesh:
    """The mesh of a dense surface, a manifold, as the settings want it. Each level of detail has a texture of its own."""
    dense = shaped(dense, settings, listen)
    most = settings.faces or len(dense.faces)
    finest = simplified(dense, most, listen)
    levels = [_level(finest, int(share * len(finest.faces)), listen) for share, _ in LEVELS] if settings.lods else []
    mesh = paint(finest, dense, settings.texture)
    painted = [paint(level, dense, settings.texture // part) for level, (_, part) in zip(levels, LEVELS, strict=False)]
    attach(mesh, painted, collider(finest) if settings.collider else None)
    return mesh


def _level(finest: Trimesh, most: int, listen: Listen) -> Trimesh:
    """A coarser mesh. Holes no larger than its faces will be are filled: they would keep many more faces than they are worth."""
    side = (4 / 3**0.5 * finest.area / max(most, 1)) ** 0.5  # of an equilateral face
    coarse = simplified(closed(finest, 3 * side, listen), most, listen, ERROR)
    return coarse if len(coarse.faces) <= len(finest.faces) else simplified(finest, most, listen, ERROR)


def shaped(mesh: Trimesh, settings: MeshSettings, listen: Listen = unheard) -> Trimesh:
    """A mesh closed and smoothed as the settings want it."""
    mesh = closed(mesh, listen=listen) if settings.watertight else mesh
    if not settings.smooth:
        return mesh
    return make_mesh(smoothed(points_of(mesh), mesh.faces, settings.smooth, listen), mesh.faces, colors_of(mesh))


def simplified(mesh: Trimesh, most: int, listen: Listen = unheard, error: float = np.inf) -> Trimesh:
    """A manifold with at most so many faces, colored like the nearest vertices of the given one; itself if it has no more."""
    if len(mesh.faces) <= most:
        return mesh
    vertices, faces = simplify(points_of(mesh), mesh.faces, most, listen, error)
    listen()
    _, nearest = cKDTree(points_of(mesh)).query(vertices)
    return make_mesh(vertices, faces, colors_of(mesh)[nearest])
