# SPDX-License-Identifier: GPL-3.0-or-later
"""Mesh objects as triangles for the worker."""

from __future__ import annotations

from io import BytesIO

import bpy
import numpy as np

from ..engine import errors
from ..narrowing import untyped


def triangles_of(obj: bpy.types.Object, world: np.ndarray, wants_uv: bool = True) -> bytes:
    """A mesh object with its modifiers as an .npz file: vertices, faces and, if wanted, the active UV map of their corners.

    `world` [4, 4] leads from Blender's world to that of the vertices. Raises `TttlrmError` without faces or without a UV map.
    """
    evaluated = obj.evaluated_get(bpy.context.evaluated_depsgraph_get())
    mesh = untyped(evaluated.to_mesh())
    try:
        return _written(obj, mesh, world @ np.array(obj.matrix_world), wants_uv)
    finally:
        evaluated.to_mesh_clear()


def _written(obj: bpy.types.Object, mesh: bpy.types.Mesh, matrix: np.ndarray, wants_uv: bool) -> bytes:
    mesh.calc_loop_triangles()
    count = len(mesh.loop_triangles)
    if not count:
        raise errors.TttlrmError(
            "The object “{}” has no faces.", obj.name, hint="Choose a mesh with faces.", code=errors.Code.NO_MESH
        )
    if wants_uv and not mesh.uv_layers.active:
        raise errors.TttlrmError(
            "The modifiers of “{}” leave no UV map.",
            obj.name,
            hint="Turn off the modifier that removes it, or apply the modifiers and unwrap the mesh.",
            code=errors.Code.NO_MESH,
        )
    vertices, faces, loops = np.empty((len(mesh.vertices), 3), np.float32), _ints(count), _ints(count)
    mesh.vertices.foreach_get("co", vertices.ravel())
    mesh.loop_triangles.foreach_get("vertices", faces.ravel())
    mesh.loop_triangles.foreach_get("loops", loops.ravel())
    if np.linalg.det(matrix[:3, :3]) < 0:  # mirrored: triangles would face inwards
        faces, loops = faces[:, ::-1], loops[:, ::-1]
    arrays = {"vertices": (vertices @ matrix[:3, :3].T + matrix[:3, 3]).astype(np.float32), "faces": np.ascontiguousarray(faces)}
    if wants_uv:
        uv = np.empty((len(mesh.loops), 2), np.float32)
        untyped(mesh.uv_layers.active).data.foreach_get("uv", uv.ravel())
        arrays["uv"] = uv[loops]
    file = BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def _ints(count: int) -> np.ndarray:
    return np.empty((count, 3), np.int32)
