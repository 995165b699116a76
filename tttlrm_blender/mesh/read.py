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
from .mesh import UNSEEN, make_mesh

Y_UP = (".glb", ".gltf", ".obj")  # formats whose worlds are y-up; Blender's exporters turn them back to z-up by default
HINT = "Export the mesh again, as GLB for example."
FARTHEST = 1e9  # world units; coordinates beyond are of a damaged file


def read_unwrapped(path: str | Path) -> tuple[Trimesh, np.ndarray]:
    """A mesh that has texture coordinates; see `read_mesh`. Raises `TttlrmError` ("no_mesh") also for one that has none."""
    mesh, uv = read_mesh(path)
    if uv is None or not np.ptp(uv, axis=1).any():
        hint = "Unwrap the mesh first: in Blender, in edit mode, choose UV > Smart UV Project."
        raise TttlrmError("The mesh {} has no texture coordinates.", path, hint=hint, code=Code.NO_MESH)
    return mesh, uv


def read_mesh(path: str | Path) -> tuple[Trimesh, np.ndarray | None]:
    """A mesh in the z-up world, without colors, and the texture coordinates of its faces' corners [M, 3, 2], v up, if it has any.

    Reads .glb, .obj and .ply, and .npz with the arrays vertices [N, 3], faces [M, 3] and, if there are any, uv [M, 3, 2].
    Raises `TttlrmError` ("no_mesh") where there is no such file, nothing that is read, or no face.
    """
    path = Path(path)
    if not path.is_file():
        raise TttlrmError("There is no mesh {}.", path, hint="Give a GLB, OBJ, PLY or NPZ file.", code=Code.NO_MESH)
    with reading(path, Code.NO_MESH, HINT):
        vertices, faces, uv = _arrays(path) if path.suffix.lower() == ".npz" else _loaded(path)
        vertices, faces = vertices.astype(np.float32).reshape(-1, 3), faces.astype(np.int64).reshape(-1, 3)
        uv = None if uv is None else uv.astype(np.float32).reshape(len(faces), 3, 2)
        sound = all((np.abs(places) <= FARTHEST).all() for places in (vertices, uv) if places is not None)  # nor is NaN anywhere
        if not len(faces) or not sound or faces.min() < 0 or faces.max() >= len(vertices):
            raise TttlrmError("The mesh {} has no usable faces.", path, hint=HINT, code=Code.NO_MESH)
    return make_mesh(vertices, faces, np.full((len(vertices), 3), UNSEEN, np.float32)), uv


def _arrays(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    with np.load(path, allow_pickle=False) as arrays:
        return arrays["vertices"], arrays["faces"], arrays.get("uv")


def _loaded(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """What trimesh reads. Vertices are as in the file, which repeats them at seams of the texture coordinates.

    Objects and materials become one mesh here: trimesh would pack their pictures into one, and change the coordinates. There are
    none unless all have some.
    """
    bare = path.suffix.lower() == ".obj"  # without materials, GLB files would lose their coordinates
    scene: Any = trimesh.load(path, force="scene", process=False, skip_materials=bare)
    parts: list[Any] = [part for part in scene.dump() if isinstance(part, Trimesh)]
    starts = np.cumsum([0, *(len(part.vertices) for part in parts)])
    vertices = np.concatenate([part.vertices for part in parts])
    faces = np.concatenate([part.faces + start for part, start in zip(parts, starts, strict=False)])
    found: list[Any] = [getattr(part.visual, "uv", None) for part in parts]
    uv = None if any(each is None for each in found) else np.concatenate(found)[faces]
    if path.suffix.lower() in Y_UP:
        vertices = vertices @ Z_UP_TO_Y_UP
    vertices, same = np.unique(vertices, axis=0, return_inverse=True)
    return vertices, same.reshape(-1)[faces], uv
