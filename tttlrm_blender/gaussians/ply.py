# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats as PLY files, in the layout of 3D Gaussian Splatting.

One record per splat: x y z, f_dc_0..2, f_rest_* (all red terms, then green, then blue), opacity before the sigmoid,
scale_0..2 as logarithms, rot_0..3 as w x y z. The axes are those of the splats in memory.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.lib.recfunctions import structured_to_unstructured

from ..files import replacing
from .faults import bad_file, keep_finite
from .gaussians import Gaussians
from .ply_table import Header, read_element, read_header
from .quaternions import normalize

CHUNK = 1 << 13  # splats converted at a time: few enough to stay in the processor's cache
FAINTEST = 1e-6  # opacities are written at least this far from 0 and 1, where the logit is infinite
SMALLEST = 1e-30  # scales are written at least this large
LAYOUT = {
    "means": ["x", "y", "z"],
    "quats": ["rot_0", "rot_1", "rot_2", "rot_3"],
    "scales": ["scale_0", "scale_1", "scale_2"],
    "opacities": ["opacity"],
}


def read_ply(path: str | Path) -> Gaussians:
    """The splats of a PLY file: little- or big-endian or text, properties in any order, SH up to degree 3 (higher is cut).

    Splats with values that are not finite are left out and counted in a logged warning. Raises `TttlrmError` when the
    file is missing, damaged, compressed, or holds something other than splats.
    """
    path = Path(path)
    header = read_header(path)
    _refuse_compressed(path, header)
    records = read_element(path, header, "vertex")
    columns = _columns(path, list(records.dtype.names or ()))
    gaussians = _allocate(len(records), len(columns["sh"]) // 3)
    finite = np.ones(len(records), dtype=bool)
    for start in range(0, len(records), CHUNK):
        part = slice(start, start + CHUNK)
        finite[part] = _decode(records[part], columns, gaussians[part])
    return keep_finite(path, gaussians, finite)


def _refuse_compressed(path: Path, header: Header) -> None:
    names = {name for element in header.elements for name, _ in element.fields}
    if "packed_position" in names:
        raise bad_file(path, "is a compressed PLY file, which cannot be read", "Export it as a plain PLY or as SPZ.")


def _columns(path: Path, names: list[str]) -> dict[str, list[int]]:
    """For each array of `Gaussians` the columns of the table it comes from, in its own order."""
    wanted = {**LAYOUT, "sh": _sh_names(sum(name.startswith("f_rest_") for name in names) // 3 + 1)}
    missing = [name for group in wanted.values() for name in group if name not in names]
    if missing:
        few = ", ".join(missing[:4]) + (", …" if len(missing) > 4 else "")
        raise bad_file(path, f"holds no splats: its vertices have no {few}", "Only PLY files of Gaussian splats can be read.")
    return {array: [names.index(name) for name in group] for array, group in wanted.items()}


def _sh_names(terms: int) -> list[str]:
    """The names of SH coefficients in the order [terms, 3] for the number of terms of the largest degree that fits."""
    rest = int(min(terms, 16) ** 0.5) ** 2 - 1
    return [f"f_dc_{c}" for c in range(3)] + [f"f_rest_{c * (terms - 1) + k}" for k in range(rest) for c in range(3)]


def _allocate(count: int, terms: int) -> Gaussians:
    shapes = ((count, 3), (count, 4), (count, 3), (count,), (count, terms, 3))
    return Gaussians(*(np.empty(shape, dtype=np.float32) for shape in shapes))


def _decode(records: np.ndarray, columns: dict[str, list[int]], into: Gaussians) -> np.ndarray:
    """Fill splats from the records of a table and say which are finite, [n] bool."""
    finite = np.ones(len(records), dtype=bool)
    with np.errstate(over="ignore", invalid="ignore"):
        table = structured_to_unstructured(records, dtype=np.float32, copy=False)
        for name, array in into.arrays().items():
            np.take(table, columns[name], axis=1, out=array.reshape(len(table), -1), mode="clip")
        np.exp(into.scales, out=into.scales)
        into.opacities[:] = 1 / (1 + np.exp(-into.opacities))
        into.quats[:] = normalize(into.quats)
        for array in into.arrays().values():
            finite &= np.isfinite(array.reshape(len(table), -1)).all(axis=1)
    return finite


def write_ply(path: str | Path, gaussians: Gaussians) -> None:
    """Write splats as a binary little-endian PLY file with the properties and the order of the original program.

    Raises `TttlrmError` when the file cannot be written.
    """
    names = _written_names(gaussians.sh.shape[1])
    lines = ["ply", "format binary_little_endian 1.0", f"element vertex {len(gaussians)}"]
    header = "\n".join([*lines, *(f"property float {name}" for name in names), "end_header", ""])
    with replacing(path) as part, part.open("wb") as file:
        file.write(header.encode("ascii"))
        for start in range(0, len(gaussians), CHUNK):
            file.write(_encode(gaussians[start : start + CHUNK]).tobytes())


def _written_names(terms: int) -> list[str]:
    normals = ["nx", "ny", "nz"]
    colour = [f"f_dc_{c}" for c in range(3)] + [f"f_rest_{i}" for i in range(3 * (terms - 1))]
    return LAYOUT["means"] + normals + colour + LAYOUT["opacities"] + LAYOUT["scales"] + LAYOUT["quats"]


def _encode(gaussians: Gaussians) -> np.ndarray:
    """The table [n, P] float32 of some splats."""
    count = len(gaussians)
    opacities = np.clip(gaussians.opacities[:, None], FAINTEST, 1 - FAINTEST)
    columns = (
        gaussians.means,
        np.zeros((count, 3), dtype=np.float32),
        gaussians.sh[:, 0],
        gaussians.sh[:, 1:].transpose(0, 2, 1).reshape(count, -1),
        np.log(opacities / (1 - opacities)),
        np.log(np.maximum(gaussians.scales, SMALLEST)),
        gaussians.quats,
    )
    return np.concatenate(columns, axis=1, dtype="<f4", casting="same_kind")
