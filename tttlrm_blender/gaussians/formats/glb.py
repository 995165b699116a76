# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats as GLB files, as the glTF extension KHR_gaussian_splatting of Khronos says.

A primitive of points with the attributes POSITION, KHR_gaussian_splatting:ROTATION (x y z w), :SCALE (linear), :OPACITY and
:SH_DEGREE_l_COEF_n, and COLOR_0 for programs that draw points only. glTF's y points up: the node's matrix turns the
splats there, so that their values are written as they are, and come back bit for bit.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import bad_splats, text
from ...geometry.quaternions import normalize, to_matrices
from ...gltf import Glb, read_accessor, read_glb_file, write_glb_file
from .. import activations
from ..gaussians import Gaussians, allocate, merge
from ..transform import apply_matrix
from .finite import finite, keep_finite

EXTENSION = "KHR_gaussian_splatting"
POINTS = 0  # the mode of a primitive
DISPLAY = "srgb_rec709_display"
FROM_Z_UP = np.array([[1.0, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
FROM_Y_DOWN = np.diag([1.0, -1.0, -1.0, 1.0])


def read_glb(path: str | Path) -> Gaussians[np.ndarray]:
    """All splats of a GLB file's scene, in a world whose z points up.

    Splats with values that are not finite are left out and counted in a logged warning. Raises `TttlrmError` when the file is
    missing or damaged, holds no splats, or only compressed ones.
    """
    path = Path(path)
    glb = read_glb_file(path)
    try:
        parts = [_moved(_splats(path, glb, primitive), matrix) for primitive, matrix in _primitives(glb.tree)]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError) as error:
        raise bad_splats("{} is a damaged GLB file.", path, hint="Copy or export the file again.") from error
    if not parts:
        raise bad_splats("{} holds no Gaussian splats.", path, hint="Open meshes with File → Import → glTF 2.0.")
    return merge(parts) if len(parts) > 1 else parts[0]


def _primitives(tree: dict[str, Any]) -> Iterator[tuple[dict[str, Any], np.ndarray]]:
    """The primitives that are splats, each with the matrix [4, 4] of its node to the world."""
    scenes = tree.get("scenes") or [{"nodes": range(len(tree.get("nodes", [])))}]
    todo = [(index, np.eye(4)) for index in scenes[tree.get("scene", 0)].get("nodes", [])]
    left = len(tree.get("nodes", []))  # in a tree each node comes once
    while todo:
        index, parent = todo.pop(0)
        node, left = tree["nodes"][index], left - 1
        if left < 0:
            raise ValueError
        matrix = parent @ _matrix(node)
        todo += [(child, matrix) for child in node.get("children", [])]
        for primitive in tree["meshes"][node["mesh"]]["primitives"] if "mesh" in node else []:
            if EXTENSION in primitive.get("extensions", {}):
                yield primitive, matrix


def _matrix(node: dict[str, Any]) -> np.ndarray:
    """The matrix [4, 4] of a node to its parent."""
    if "matrix" in node:
        return np.array(node["matrix"], dtype=np.float64).reshape(4, 4).T
    matrix = np.eye(4)
    x, y, z, w = node.get("rotation", (0, 0, 0, 1))
    matrix[:3, :3] = to_matrices(np.array([w, x, y, z], dtype=np.float64)) * np.array(node.get("scale", (1, 1, 1)))
    matrix[:3, 3] = node.get("translation", (0, 0, 0))
    return matrix


def _splats(path: Path, glb: Glb, primitive: dict[str, Any]) -> Gaussians[np.ndarray]:
    """The splats of a primitive in the coordinates of its node."""
    extension = primitive["extensions"][EXTENSION]
    if extension.get("extensions"):
        kind = next(iter(extension["extensions"]))
        raise bad_splats(
            "{} holds splats compressed as {}, which cannot be read.", path, kind, hint="Export it without compression."
        )
    if extension.get("colorSpace", DISPLAY) != DISPLAY:
        note = text("{}: its colors are {}, and are taken as sRGB.", path, extension["colorSpace"])
        logging.getLogger(__name__).warning(note)
    values = {name: read_accessor(glb, index) for name, index in primitive["attributes"].items() if _is_read(name)}
    degree = max(d for d in range(4) if all(name in values for name in _sh_names(d)[1:]))
    into = allocate(len(values["POSITION"]), degree)
    into.means[:] = values["POSITION"]
    into.quats[:] = normalize(values[f"{EXTENSION}:ROTATION"][:, [3, 0, 1, 2]].astype(np.float32))
    scales = values[f"{EXTENSION}:SCALE"]
    # Scales are linear in the extension as it was released; in its drafts they were logarithms, which tend to be negative.
    into.scales[:] = activations.to_scales(scales) if (scales < 0).any() else scales
    into.opacities[:] = values[f"{EXTENSION}:OPACITY"][:, 0]
    for term, name in enumerate(_sh_names(degree)):
        into.sh[:, term] = values[name] if name in values else activations.to_base_sh(values["COLOR_0"][:, :3])
    return keep_finite(path, into, finite(into))


def _is_read(name: str) -> bool:
    return name in ("POSITION", "COLOR_0") or name.startswith(f"{EXTENSION}:")


def _sh_names(degree: int) -> list[str]:
    """The attributes of the coefficients up to a degree, in order."""
    return [f"{EXTENSION}:SH_DEGREE_{d}_COEF_{n}" for d in range(degree + 1) for n in range(2 * d + 1)]


def _moved(gaussians: Gaussians[np.ndarray], matrix: np.ndarray) -> Gaussians[np.ndarray]:
    """Splats in the world, whose z points up."""
    matrix = FROM_Z_UP.T @ matrix
    if not abs(np.linalg.det(matrix)) > 1e-30:
        raise ValueError
    return gaussians if np.array_equal(matrix, np.eye(4)) else apply_matrix(gaussians, matrix)


def write_glb(path: str | Path, gaussians: Gaussians[np.ndarray], up: str = "z") -> None:
    """Write splats whose z points `up`, or their −y where it is anything else, as a GLB file.

    Raises `TttlrmError` when the file cannot be written.
    """
    colors = np.column_stack([activations.to_colors(gaussians.sh[:, 0]), gaussians.opacities])
    arrays = {
        "POSITION": gaussians.means,
        "COLOR_0": np.round(np.clip(colors, 0, 1) * 255).astype(np.uint8),
        f"{EXTENSION}:ROTATION": gaussians.quats[:, [1, 2, 3, 0]],
        f"{EXTENSION}:SCALE": gaussians.scales,
        f"{EXTENSION}:OPACITY": gaussians.opacities[:, None],
        **{name: gaussians.sh[:, term] for term, name in enumerate(_sh_names(gaussians.sh_degree))},
    }
    primitive = {
        "mode": POINTS,
        "attributes": {name: index for index, name in enumerate(arrays)},
        "extensions": {EXTENSION: {"kernel": "ellipse", "colorSpace": DISPLAY}},
    }
    matrix = FROM_Z_UP if up == "z" else FROM_Y_DOWN
    tree = {
        "asset": {"version": "2.0", "generator": "tttLRM for Blender"},
        "extensionsUsed": [EXTENSION],
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "matrix": matrix.T.ravel().tolist()}],
        "meshes": [{"primitives": [primitive]}],
    }
    write_glb_file(path, tree, list(arrays.values()))
