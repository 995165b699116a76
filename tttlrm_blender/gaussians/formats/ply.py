# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats as PLY files, in the layout of 3D Gaussian Splatting.

One record per splat: x y z, f_dc_0..2, f_rest_* (all red terms, then green, then blue), opacity before the sigmoid,
scale_0..2 as logarithms, rot_0..3 as w x y z. The axes are those of the splats in memory.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ...atomic_files import replacing
from ...errors import bad_splats
from ...geometry.quaternions import normalize
from .. import activations
from ..gaussians import Gaussians, allocate
from .finite import finite, keep_finite
from .limits import check_number
from .ply_compressed import is_compressed, read_compressed
from .ply_table import blocks, comments, read_element, read_header

CHUNK = 1 << 13  # splats converted at a time: few enough to stay in the processor's cache
THIN = -16.0  # log scale along the normal of flat splats
LAYOUT = {
    "means": ["x", "y", "z"],
    "quats": ["rot_0", "rot_1", "rot_2", "rot_3"],
    "scales": ["scale_0", "scale_1", "scale_2"],
    "opacities": ["opacity"],
}
BASE = ["f_dc_0", "f_dc_1", "f_dc_2"]
PLAIN_COLORS = (["red", "green", "blue"], ["r", "g", "b"], ["diffuse_red", "diffuse_green", "diffuse_blue"])
WHITES = (1, 2**8 - 1, 2**16 - 1, 2**32 - 1)  # of plain colors; only floats have the first


def read_ply(path: str | Path) -> Gaussians[np.ndarray]:
    """The splats of a PLY file, compressed or not: little- or big-endian or text, numbers of any type, properties in any order.

    SH above degree 3 is dropped. Without SH, colors are those of `PLAIN_COLORS` or else gray. Flat splats (two scales) become
    thin ones. Splats with values that are not finite are left out and counted in a logged warning. Raises `TttlrmError` when
    the file is missing, damaged, or holds something other than splats.
    """
    path = Path(path)
    header = read_header(path)
    if is_compressed(header):
        return read_compressed(path, header)
    records = read_element(path, header, "vertex")
    check_number(path, len(records))
    columns = _columns(path, list(records.dtype.names or ()))
    white = _white(records, columns.get("colors", []))
    gaussians = allocate(len(records), _degree(len(columns["sh"]) // 3))
    sound = np.ones(len(records), dtype=bool)
    start = 0
    for table in blocks(records, CHUNK):
        part = slice(start, start := start + len(table))
        sound[part] = _decode(table, columns, white, gaussians[part])
    return replace(keep_finite(path, gaussians, sound), antialiased=header.antialiased)


def _columns(path: Path, names: list[str]) -> dict[str, list[int]]:
    """The columns of the table that each array of `Gaussians` comes from, in the order of the array.

    The colors of files without SH are under "colors"; a missing third scale is left out.
    """
    wanted = {**LAYOUT, "sh": _sh_names(sum(name.startswith("f_rest_") for name in names) // 3 + 1)}
    if BASE[0] not in names:
        wanted |= {"sh": [], "colors": next((color for color in PLAIN_COLORS if set(color) <= set(names)), [])}
    if "scale_1" in names and "scale_2" not in names:
        wanted["scales"] = ["scale_0", "scale_1"]
    missing = [name for group in wanted.values() for name in group if name not in names]
    if missing:
        few = ", ".join(missing[:4]) + (", …" if len(missing) > 4 else "")
        raise bad_splats("{} holds no splats: its vertices have no {}.", path, few, hint="Choose a PLY file of Gaussian splats.")
    return {array: [names.index(name) for name in group] for array, group in wanted.items()}


def _white(records: np.ndarray, columns: list[int]) -> int:
    """The value of white in plain colors: of `WHITES`, the smallest that the file's largest value fits, with some overshoot."""
    colors = [records[records.dtype.names[column]] for column in columns]
    largest = max((np.max(color, initial=0, where=np.isfinite(color)) for color in colors), default=0)
    whole = any(color.dtype.kind in "iu" for color in colors)
    return next((white for white in WHITES[whole:] if largest < 1.5 * white), WHITES[-1])


def _sh_names(terms: int) -> list[str]:
    """The names of SH coefficients in the order [terms, 3], up to the largest complete degree within `terms`."""
    rest = (_degree(terms) + 1) ** 2 - 1
    return BASE + [f"f_rest_{c * (terms - 1) + k}" for k in range(rest) for c in range(3)]


def _degree(terms: int) -> int:
    """The largest degree, up to 3, that has at most `terms` terms."""
    return int(np.clip(terms, 1, 16) ** 0.5) - 1


def _decode(table: np.ndarray, columns: dict[str, list[int]], white: int, into: Gaussians[np.ndarray]) -> np.ndarray:
    """Fill splats from the rows [n, P] of a table; return which are finite, [n] bool."""
    with np.errstate(over="ignore", invalid="ignore"):
        np.take(table, columns["means"], axis=1, out=into.means, mode="clip")
        into.quats[:] = normalize(table[:, columns["quats"]].astype(np.float32))
        axes = len(columns["scales"])
        into.scales[:, :axes] = activations.to_scales(table[:, columns["scales"]])
        into.scales[:, axes:] = np.exp(THIN)
        into.opacities[:] = activations.to_opacities(table[:, columns["opacities"][0]])
        if "colors" in columns:
            into.sh[:, 0] = activations.to_base_sh(table[:, columns["colors"]] / white) if columns["colors"] else 0
        for term in range(len(columns["sh"]) // 3):
            np.take(table, columns["sh"][3 * term : 3 * term + 3], axis=1, out=into.sh[:, term], mode="clip")
        return finite(into)


def write_ply(path: str | Path, gaussians: Gaussians[np.ndarray], up: str = "") -> None:
    """Write splats as a binary little-endian PLY file, with the properties and the order of the original program.

    If `up` is "z", a comment says so, as for antialiased splats. Raises `TttlrmError` when the file cannot be written.
    """
    lines = ["ply", "format binary_little_endian 1.0", *comments(up, gaussians.antialiased), f"element vertex {len(gaussians)}"]
    names = _written_names(gaussians.sh.shape[1])
    header = "\n".join([*lines, *(f"property float {name}" for name in names), "end_header", ""])
    with replacing(path) as part, part.open("wb") as file:
        file.write(header.encode("ascii"))
        for start in range(0, len(gaussians), CHUNK):
            file.write(_encode(gaussians[start : start + CHUNK]).tobytes())


def _written_names(terms: int) -> list[str]:
    normals = ["nx", "ny", "nz"]
    color = BASE + [f"f_rest_{i}" for i in range(3 * (terms - 1))]
    return LAYOUT["means"] + normals + color + LAYOUT["opacities"] + LAYOUT["scales"] + LAYOUT["quats"]


def _encode(gaussians: Gaussians[np.ndarray]) -> np.ndarray:
    """The table [n, P] float32 of some splats."""
    count = len(gaussians)
    columns = (
        gaussians.means,
        np.zeros((count, 3), dtype=np.float32),
        gaussians.sh[:, 0],
        gaussians.sh[:, 1:].transpose(0, 2, 1).reshape(count, 3 * gaussians.sh.shape[1] - 3),
        activations.to_logits(gaussians.opacities[:, None]),
        activations.to_logs(gaussians.scales),
        gaussians.quats,
    )
    return np.concatenate(columns, axis=1, dtype="<f4", casting="same_kind")
