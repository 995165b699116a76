# SPDX-License-Identifier: GPL-3.0-or-later
"""The splats in the scene of a GLB file: which primitives are splats, and which nodes show them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import TttlrmError, bad_splats
from ...geometry.quaternions import to_matrices
from ...gltf import Glb, item
from .limits import check_number

EXTENSION, FAMILY = "KHR_gaussian_splatting", "gaussian_splat"  # the extension, and what its relatives have in their names
INSTANCING = "EXT_mesh_gpu_instancing"
MOST_PARTS = 10_000  # primitives of splats, each counted for every node that shows it
PLAINLY = "Export it with KHR_gaussian_splatting alone, or as another kind of file such as PLY."


def shown_splats(glb: Glb) -> list[tuple[dict[str, Any], np.ndarray]]:
    """The primitives that are splats, each with the matrix [4, 4] of its node to the world.

    Raises `TttlrmError` for more splats than `limits` allows, as nodes can share them, or for those in a form that is not
    supported, and `ValueError`, `KeyError`, `IndexError`, `TypeError` or `AttributeError` for a damaged tree.
    """
    found, splats = [], 0
    for primitive, matrix in _primitives(glb):
        found.append((primitive, matrix))
        splats += _count(glb, primitive)
        check_number(glb.path, splats)
        if len(found) > MOST_PARTS:
            hint = "Join its nodes before you export it."
            raise bad_splats(
                "{} shows splats in more than {:,d} places, which is not supported.", glb.path, MOST_PARTS, hint=hint
            )
    return found


def _count(glb: Glb, primitive: dict[str, Any]) -> int:
    """The number of splats of a primitive. Raises `ValueError` if its attributes differ in number."""
    counts = {item(glb.tree["accessors"], index)["count"] for name, index in primitive["attributes"].items() if is_read(name)}
    (count,) = counts
    if type(count) is not int or count < 0:
        raise ValueError
    return count


def _primitives(glb: Glb) -> Iterator[tuple[dict[str, Any], np.ndarray]]:
    nodes, meshes = glb.tree.get("nodes", []), glb.tree.get("meshes", [])
    splats = [[primitive for primitive in mesh["primitives"] if _is_splats(glb, primitive)] for mesh in meshes]
    scenes = glb.tree.get("scenes") or [{"nodes": range(len(nodes))}]
    todo = deque((index, np.eye(4)) for index in scenes[glb.tree.get("scene", 0)].get("nodes", []))
    left = len(nodes)  # in a tree each node occurs once
    while todo:
        if len(todo) > left:
            raise ValueError
        index, parent = todo.popleft()
        node, left = item(nodes, index), left - 1
        matrix = parent @ _matrix(node)
        todo.extend((child, matrix) for child in node.get("children", []))
        shown = item(splats, node["mesh"]) if "mesh" in node else []
        if shown and INSTANCING in node.get("extensions", {}):
            raise _unsupported(glb.path, INSTANCING)
        yield from ((primitive, matrix) for primitive in shown)


def _is_splats(glb: Glb, primitive: dict[str, Any]) -> bool:
    """Whether a primitive is splats. Raises `TttlrmError` for splats in a form that is not supported."""
    names = list(primitive.get("extensions", {}))
    if EXTENSION not in names:
        relatives = [name for name in names if FAMILY in name]
        if relatives:
            raise _unsupported(glb.path, relatives[0])
        return False
    needed = [name for name in names if name != EXTENSION and name in glb.tree.get("extensionsRequired", [])]
    if needed:
        raise _unsupported(glb.path, needed[0])
    return True


def _unsupported(path: Path, extension: str) -> TttlrmError:
    return bad_splats("{} holds splats with the extension {}, which is not supported.", path, extension, hint=PLAINLY)


def _matrix(node: dict[str, Any]) -> np.ndarray:
    """The matrix [4, 4] of a node to its parent."""
    if "matrix" in node:
        return np.array(node["matrix"], dtype=np.float64).reshape(4, 4).T
    matrix = np.eye(4)
    x, y, z, w = node.get("rotation", (0, 0, 0, 1))
    matrix[:3, :3] = to_matrices(np.array([w, x, y, z], dtype=np.float64)) * np.array(node.get("scale", (1, 1, 1)))
    matrix[:3, 3] = node.get("translation", (0, 0, 0))
    return matrix


def is_read(name: str) -> bool:
    """Whether an attribute of splats is read."""
    return name in ("POSITION", "COLOR_0") or name.startswith(f"{EXTENSION}:")
