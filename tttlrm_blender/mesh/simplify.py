# SPDX-License-Identifier: GPL-3.0-or-later
"""Simplify a mesh to fewer triangles."""

from __future__ import annotations

from typing import Any

import numpy as np
from trimesh import Trimesh

from ..errors import Code, TttlrmError
from .mesh import points_of

FEWEST = 4  # faces of a closed surface


def require_simplifier() -> None:
    """Raise `TttlrmError` if `simplify` lacks its package."""
    _package()


def simplify(mesh: Trimesh, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Simplify a mesh to `most` faces, fewer than it has: vertices [N, 3] float32 and faces [M, 3] int32.

    Edges collapse where the surface is flattest (quadrics, Garland and Heckbert 1997). Raises `TttlrmError` if nothing is left.
    `Trimesh.simplify_quadric_decimation` calls the same package, but merges vertices closer than 1e-8 units.
    """
    faces = np.asarray(mesh.faces, np.int32)
    vertices, faces = _package().simplify(points_of(mesh), faces, target_count=max(most, FEWEST))
    if not len(faces):
        raise TttlrmError(
            "The surface cannot be represented by {} faces.", most, hint="Allow more faces.", code=Code.BAD_SETTINGS
        )
    used, faces = np.unique(faces, return_inverse=True)
    return vertices[used].astype(np.float32), faces.reshape(-1, 3).astype(np.int32)


def _package() -> Any:
    """The package, imported late: a worker that was set up without it can do everything else."""
    try:
        import fast_simplification
    except ImportError as error:
        hint = "Press Set Up Worker in Blender's preferences, or run pip install fast-simplification in the worker's Python."
        raise TttlrmError(
            "Meshes cannot be simplified without the package fast-simplification.", hint=hint, code=Code.NO_PACKAGE
        ) from error
    return fast_simplification
