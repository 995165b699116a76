# SPDX-License-Identifier: GPL-3.0-or-later
"""Meshes that people made, from files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import trimesh
from trimesh import Trimesh

from ..errors import Code, TttlrmError
from ..reading import reading
from .glb import Z_UP_TO_Y_UP
from .mesh import make_mesh

Y_UP = (".glb", ".gltf", ".obj")  # formats whose worlds are y-up; Blender's exporters turn them back to z-up by default
HINT = "Export the mesh again, as GLB for example."


def read_mesh(path: str | Path) -> tuple[Trimesh, np.ndarray | None]:
    """A mesh in the z-up world, without colors, and the texture coordinates of its faces' corners [M, 3, 2], v up, if it has any.

    Reads .glb, .obj and .ply, and .npz with the arrays vertices [N, 3], faces [M, 3] and, if there are any, uv [M, 3, 2].
    Raises `TttlrmError` ("no_mesh") where there is no such file, nothing that is read, or no face.
    """
    path = Path(path)
    if not path.is_file():
        raise TttlrmError("There is no mesh {}.", path, code=Code.NO_MESH)
    with reading(path, Code.NO_MESH, HINT):
        vertices, faces, uv = _arrays(path) if path.suffix.lower() == ".npz" else _loaded(path)
        vertices, faces = vertices.astype(np.float32).reshape(-1, 3), faces.astype(np.int32).reshape(-1, 3)
        uv = None if uv is None else uv.astype(np.float32).reshape(len(faces), 3, 2)
        sound = np.isfinite(vertices).all() and (uv is None or np.isfinite(uv).all())
        if not len(faces) or not sound or faces.min() < 0 or faces.max() >= len(vertices):
            raise TttlrmError("The mesh {} has no usable faces.", path, hint=HINT, code=Code.NO_MESH)
    return make_mesh(vertices, faces, np.full((len(vertices), 3), 0.5, np.float32)), uv


def _arrays(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    with np.load(path, allow_pickle=False) as arrays:
        return arrays["vertices"], arrays["faces"], arrays.get("uv")


def _loaded(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """What trimesh reads. Vertices are as in the file, which repeats them at seams of the texture coordinates."""
    bare = path.suffix.lower() == ".obj"  # without materials, GLB files would lose their coordinates
    mesh: Any = trimesh.load(path, force="mesh", process=False, skip_materials=bare)
    vertices, faces = np.asarray(mesh.vertices), np.asarray(mesh.faces)
    uv = getattr(mesh.visual, "uv", None)
    if path.suffix.lower() in Y_UP:
        vertices = vertices @ Z_UP_TO_Y_UP
    vertices, same = np.unique(vertices, axis=0, return_inverse=True)
    return vertices, same.reshape(-1)[faces], None if uv is None else np.asarray(uv)[faces]
