# SPDX-License-Identifier: GPL-3.0-or-later
"""Meshes as GLB files (binary glTF 2.0)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import trimesh

from ..files import replacing
from .mesh import Mesh

Z_UP_TO_Y_UP = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], dtype=np.float32)
MATERIAL = {"doubleSided": True, "pbrMetallicRoughness": {"metallicFactor": 0.0, "roughnessFactor": 1.0}}


def write_glb(path: str | Path, mesh: Mesh) -> None:
    """Write a mesh as a GLB file. Raises `TttlrmError` when the file cannot be written."""
    with replacing(path) as part:
        part.write_bytes(glb_bytes(mesh))


def glb_bytes(mesh: Mesh) -> bytes:
    """The content of a GLB file of a mesh with its vertex colours.

    The world's z axis points up, as in Blender; glTF's y axis does: (x, y, z) becomes (x, z, −y). Blender's importer turns
    it back. Colours become linear, as glTF wants them, in 16 bits, as 8 would show steps in the dark.
    """
    shape = trimesh.Trimesh(mesh.vertices @ Z_UP_TO_Y_UP.T, mesh.faces, process=False)
    opaque = np.ones((len(mesh.colors), 1), dtype=np.float32)
    colors = np.concatenate([linear(mesh.colors), opaque], axis=1)
    shape.vertex_attributes["_COLOR_0"] = np.round(colors * 65535).astype(np.uint16)
    return trimesh.exchange.gltf.export_glb(shape, include_normals=True, tree_postprocessor=_name_colors)


def _name_colors(tree: dict[str, Any]) -> None:
    """Turn trimesh's custom attribute into glTF's own vertex colour, and add a material that shows it as it is."""
    tree["materials"] = [MATERIAL]
    primitive = tree["meshes"][0]["primitives"][0]
    primitive["material"] = 0
    index = primitive["attributes"].pop("_COLOR_0")
    primitive["attributes"]["COLOR_0"] = index
    tree["accessors"][index]["normalized"] = True


def linear(
    srgb: np.ndarray,  # [...], 0 to 1
) -> np.ndarray:  # [...], 0 to 1
    """Linear intensities of sRGB values (IEC 61966-2-1)."""
    srgb = np.clip(srgb, 0, 1)
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
