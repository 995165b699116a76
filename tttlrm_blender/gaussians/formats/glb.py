# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats as GLB files with the glTF extension KHR_gaussian_splatting of Khronos.

A primitive of points with the attributes POSITION, KHR_gaussian_splatting:ROTATION (x y z w), :SCALE (linear), :OPACITY and
:SH_DEGREE_l_COEF_n, and COLOR_0 for programs that only draw points. In glTF y points up: the node's matrix turns the
splats, so that their values are stored unchanged and are read back bit for bit.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import bad_splats, text
from ...geometry.quaternions import normalize
from ...gltf import GENERATOR, Glb, read_accessor, read_glb_file, write_glb_file
from .. import activations
from ..gaussians import Gaussians, allocate, merge
from ..transform import apply_matrix
from .finite import finite, keep_finite
from .glb_scene import EXTENSION, PLAINLY, is_read, shown_splats

ROTATION, SCALE, OPACITY = (f"{EXTENSION}:{part}" for part in ("ROTATION", "SCALE", "OPACITY"))
MANY = 0.1  # of the values, outside of a range: they have another meaning than usual, fewer are damaged
ROUNDING = 0.01  # of opacities
LARGEST = 1e30  # entry of a node's matrix
POINTS = 0  # the mode of a primitive
DISPLAY = "srgb_rec709_display"
RENDER_MODE, MIP = "SplatRenderMode", "mip"  # antialiased splats in the extras of a primitive: the extension has no word for them
FROM_Z_UP = np.array([[1.0, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
FROM_Y_DOWN = np.diag([1.0, -1.0, -1.0, 1.0])


def read_glb(path: str | Path) -> Gaussians[np.ndarray]:
    """All splats of a GLB file's scene, in a world with z up.

    Splats with values that are not finite are left out and counted in a logged warning. Raises `TttlrmError` when the file is
    missing or damaged, holds no splats, or splats in a form that is not supported.
    """
    path = Path(path)
    glb = read_glb_file(path)
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            parts = [_moved(path, _splats(path, glb, primitive), matrix) for primitive, matrix in shown_splats(glb)]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError) as error:
        raise bad_splats("{} is a damaged GLB file.", path) from error
    if not parts:
        raise bad_splats("{} holds no Gaussian splats.", path, hint="Open meshes with File → Import → glTF 2.0.")
    return merge(parts) if len(parts) > 1 else parts[0]


def _splats(path: Path, glb: Glb, primitive: dict[str, Any]) -> Gaussians[np.ndarray]:
    """The splats of a primitive in the coordinates of its node."""
    extension = primitive["extensions"][EXTENSION]
    if extension.get("extensions"):
        kind = next(iter(extension["extensions"]))
        raise bad_splats(
            "{} holds splats compressed as {}, which is not supported.", path, kind, hint="Export it without compression."
        )
    if extension.get("colorSpace", DISPLAY) != DISPLAY:
        note = text("{}: its colors are {}, but are read as sRGB.", path, extension["colorSpace"])
        logging.getLogger(__name__).warning(note)
    _check_attributes(path, primitive["attributes"])
    values = {name: read_accessor(glb, index) for name, index in primitive["attributes"].items() if is_read(name)}
    degree = max(d for d in range(4) if all(name in values for name in _sh_names(d)[1:]))
    into = allocate(len(values["POSITION"]), degree)
    into.means[:] = values["POSITION"]
    into.quats[:] = normalize(values[ROTATION][:, [3, 0, 1, 2]].astype(np.float32))
    into.scales[:] = _scales(values[SCALE])
    into.opacities[:] = _opacities(values[OPACITY][:, 0])
    for term, name in enumerate(_sh_names(degree)):
        into.sh[:, term] = values[name] if name in values else activations.to_base_sh(values["COLOR_0"][:, :3])
    extras = primitive.get("extras")  # anything at all, in files of other programs
    antialiased = isinstance(extras, dict) and extras.get(RENDER_MODE) == MIP
    return replace(keep_finite(path, into, finite(into)), antialiased=antialiased)


def _check_attributes(path: Path, names: dict[str, int]) -> None:
    """Raise `TttlrmError` for the attributes of the extension's drafts."""
    needed = (ROTATION, SCALE, OPACITY, *([] if "COLOR_0" in names else _sh_names(0)))
    missing = next((name for name in needed if name not in names), "")
    if missing:
        template = "{} holds splats without {}; drafts of the extension are not supported."
        raise bad_splats(template, path, missing, hint=PLAINLY)


def _scales(values: np.ndarray) -> np.ndarray:
    """Scales, NaN for negative ones, from those or their logarithms as in drafts of the extension, which tend to be negative."""
    negative = values < 0
    return activations.to_scales(values) if _many(negative) else np.where(negative, np.nan, values)


def _opacities(values: np.ndarray) -> np.ndarray:
    """Opacities from those or, as in drafts of the extension, their logits."""
    outside = (values < -ROUNDING) | (values > 1 + ROUNDING)
    return activations.to_opacities(values) if _many(outside) else np.clip(values, 0, 1)


def _many(outside: np.ndarray) -> bool:
    return np.count_nonzero(outside) > MANY * outside.size


def _sh_names(degree: int) -> list[str]:
    """The attributes of the coefficients up to a degree, in order."""
    return [f"{EXTENSION}:SH_DEGREE_{d}_COEF_{n}" for d in range(degree + 1) for n in range(2 * d + 1)]


def _moved(path: Path, gaussians: Gaussians[np.ndarray], matrix: np.ndarray) -> Gaussians[np.ndarray]:
    """Splats in the world with z up."""
    matrix = FROM_Z_UP.T @ matrix
    if not (np.abs(matrix).max() < LARGEST and abs(np.linalg.det(matrix)) > 1e-30):
        raise ValueError
    if np.array_equal(matrix, np.eye(4)):
        return gaussians
    moved = apply_matrix(gaussians, matrix)
    return keep_finite(path, moved, finite(moved))


def write_glb(path: str | Path, gaussians: Gaussians[np.ndarray], up: str = "z") -> None:
    """Write splats as a GLB file; their z axis points up if `up` is "z", otherwise their −y axis does.

    Raises `TttlrmError` when the file cannot be written.
    """
    colors = np.column_stack([activations.to_colors(gaussians.sh[:, 0]), gaussians.opacities])
    arrays = {
        "POSITION": gaussians.means,
        "COLOR_0": np.round(np.clip(colors, 0, 1) * 255).astype(np.uint8),
        ROTATION: gaussians.quats[:, [1, 2, 3, 0]],
        SCALE: gaussians.scales,
        OPACITY: gaussians.opacities[:, None],
        **{name: gaussians.sh[:, term] for term, name in enumerate(_sh_names(gaussians.sh_degree))},
    }
    primitive: dict[str, Any] = {
        "mode": POINTS,
        "attributes": {name: index for index, name in enumerate(arrays)},
        "extensions": {EXTENSION: {"kernel": "ellipse", "colorSpace": DISPLAY}},
    }
    if gaussians.antialiased:
        primitive["extras"] = {RENDER_MODE: MIP}
    matrix = FROM_Z_UP if up == "z" else FROM_Y_DOWN
    tree = {
        "asset": {"version": "2.0", "generator": GENERATOR},
        "extensionsUsed": [EXTENSION],
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "matrix": matrix.T.ravel().tolist()}],
        "meshes": [{"primitives": [primitive]}],
    }
    write_glb_file(path, tree, list(arrays.values()))
