# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats as compressed PLY files, the format of SuperSplat and PlayCanvas, about a quarter of the size of plain ones.

Splats come in chunks of 256. The element `chunk` holds the bounds of each chunk's positions, log-scales and colors; the element
`vertex` holds four words per splat: position and log-scale as 11, 10 and 11 bits between the bounds, color and opacity
as 8 bits each, rotation as the index of the largest component among w x y z and the others in 10 bits each. The element
`sh` has one byte for every further coefficient, between −4 and 4, in the order of plain PLY files.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ...atomic_files import replacing
from ...errors import bad_splats
from ...geometry.quaternions import from_smallest_three, normalize, to_smallest_three
from .. import activations
from ..gaussians import Gaussians, allocate
from .finite import finite, keep_finite
from .limits import check_number
from .morton import morton_order
from .ply_table import Header, comments, read_element

CHUNK = 256
VECTOR, COLOR, ROTATION = (11, 10, 11), (8, 8, 8, 8), (2, 10, 10, 10)  # bits of the parts of a word, from the highest down
BOUNDS = {
    "position": (["min_x", "min_y", "min_z"], ["max_x", "max_y", "max_z"]),
    "scale": (["min_scale_x", "min_scale_y", "min_scale_z"], ["max_scale_x", "max_scale_y", "max_scale_z"]),
    "color": (["min_r", "min_g", "min_b"], ["max_r", "max_g", "max_b"]),
}
WORDS = ["packed_position", "packed_rotation", "packed_scale", "packed_color"]
SH_DEGREES = {0: 0, 9: 1, 24: 2, 45: 3}  # by the number of coefficients beyond the constant ones
SH_RANGE = 8.0
SH_LEVELS = np.array([0, *(np.arange(1, 255) + 0.5), 256], dtype=np.float32) / 256 * SH_RANGE - SH_RANGE / 2
LARGEST_LOG = 20.0  # absolute log scale
LARGEST_SMALL = np.sqrt(0.5)  # bound on the three smallest components of a unit quaternion


def is_compressed(header: Header) -> bool:
    """Whether the vertices of a PLY file are packed."""
    return any(name == WORDS[0] for element in header.elements for name, _ in element.fields)


def read_compressed(path: Path, header: Header) -> Gaussians[np.ndarray]:
    """The splats of a compressed PLY file. Raises `TttlrmError` when it is damaged."""
    chunks, packed = read_element(path, header, "chunk"), read_element(path, header, "vertex")
    sh = read_element(path, header, "sh") if "sh" in header.names else np.empty(len(packed), dtype=[])
    rest = len(sh.dtype.names or ())
    _check(path, chunks, packed, sh)
    check_number(path, len(packed))
    into = allocate(len(packed), SH_DEGREES[rest])
    with np.errstate(over="ignore", invalid="ignore"):
        _decode(chunks, packed, into)
    for index in range(rest):
        into.sh[:, 1 + index % (rest // 3), index // (rest // 3)] = SH_LEVELS[sh[f"f_rest_{index}"]]
    return replace(keep_finite(path, into, finite(into)), antialiased=header.antialiased)


def _decode(chunks: np.ndarray, packed: np.ndarray, into: Gaussians[np.ndarray]) -> None:
    """Fill splats, except for their SH beyond the constant term."""
    into.means[:] = _between(chunks, "position", _unpack(packed["packed_position"], VECTOR))
    into.quats[:] = _rotations(packed["packed_rotation"])
    into.scales[:] = activations.to_scales(_between(chunks, "scale", _unpack(packed["packed_scale"], VECTOR)))
    colors = _unpack(packed["packed_color"], COLOR)
    into.opacities[:] = colors[:, 3]
    into.sh[:, 0] = activations.to_base_sh(_between(chunks, "color", colors[:, :3]))


def _check(path: Path, chunks: np.ndarray, packed: np.ndarray, sh: np.ndarray) -> None:
    colors = "color" if BOUNDS["color"][0][0] in (chunks.dtype.names or ()) else "position"
    bounds = [name for kind in ("position", "scale", colors) for names in BOUNDS[kind] for name in names]
    rest = [f"f_rest_{index}" for index in range(len(sh.dtype.names or ()))]
    for records, names, kind in ((chunks, bounds, "f"), (packed, WORDS, "u4"), (sh, rest, "u1")):
        for name in names:
            if name not in (records.dtype.names or ()) or kind not in records.dtype[name].str:
                raise bad_splats("{} is a compressed PLY file without a proper {}.", path, name, hint="Export the file again.")
    if len(chunks) * CHUNK < len(packed):
        raise bad_splats(
            "{} has {} chunks, too few for {} splats.", path, len(chunks), len(packed), hint="Export the file again."
        )
    if len(rest) not in SH_DEGREES or len(sh) != len(packed):
        raise bad_splats("{} has spherical harmonics that do not fit its splats.", path, hint="Export the file again.")


def _unpack(words: np.ndarray, bits: tuple[int, ...]) -> np.ndarray:
    """The parts of 32-bit words [N] as fractions of their largest values, [N, parts] float32."""
    shifts = (32 - np.cumsum(bits)).astype(np.uint32)
    largest = (1 << np.array(bits, dtype=np.uint32)) - 1
    return ((words.astype(np.uint32)[:, None] >> shifts) & largest) / largest.astype(np.float32)


def _between(chunks: np.ndarray, kind: str, shares: np.ndarray) -> np.ndarray:
    """Values [N, 3] interpolated between the bounds of their chunks; colors may have no bounds."""
    if BOUNDS[kind][0][0] not in chunks.dtype.names:
        return shares
    low, high = (np.stack([chunks[name] for name in names], axis=-1).astype(np.float32) for names in BOUNDS[kind])
    if kind == "scale":  # flat splats have the logarithm of 0, which cannot be interpolated
        low, high = np.maximum(low, activations.LOWEST_LOG), np.maximum(high, activations.LOWEST_LOG)
    chunk = np.arange(len(shares)) // CHUNK
    return low[chunk] * (1 - shares) + high[chunk] * shares


def _rotations(words: np.ndarray) -> np.ndarray:
    """Quaternions [N, 4] from packed words."""
    small = (_unpack(words, ROTATION)[:, 1:] - np.float32(0.5)) * np.float32(2 * LARGEST_SMALL)
    return normalize(from_smallest_three(small, words >> 30))


def write_compressed_ply(path: str | Path, gaussians: Gaussians[np.ndarray], up: str = "") -> None:
    """Write splats as a compressed PLY file, in an order that keeps neighbors in the same chunk.

    If `up` is "z", a comment says so, as for antialiased splats. Raises `TttlrmError` when the file cannot be written.
    """
    count = len(gaussians)
    order = morton_order(gaussians.means)
    plain = replace(gaussians, sh=gaussians.sh[:, :1])
    chunks, words = _pack(plain[np.concatenate([order, np.repeat(order[-1:], -count % CHUNK)])])
    names = [name for low, high in BOUNDS.values() for name in low + high]
    rest = gaussians.sh[order, 1:].transpose(0, 2, 1).reshape(count, 3 * gaussians.sh.shape[1] - 3)
    lines = ["ply", "format binary_little_endian 1.0", *comments(up, gaussians.antialiased)]
    lines += [f"element chunk {len(chunks)}", *(f"property float {name}" for name in names)]
    lines += [f"element vertex {count}", *(f"property uint {name}" for name in WORDS)]
    if rest.size:
        lines += [f"element sh {count}", *(f"property uchar f_rest_{index}" for index in range(rest.shape[1]))]
    with replacing(path) as part, part.open("wb") as file:
        file.write("\n".join([*lines, "end_header", ""]).encode("ascii"))
        for array in (chunks.astype("<f4"), words[:count].astype("<u4"), _sh_bytes(rest)):
            file.write(array.tobytes())


def _pack(gaussians: Gaussians[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The bounds [C, 18] and the words [N, 4] of splats that fill their chunks."""
    logs = np.clip(activations.to_logs(gaussians.scales), -LARGEST_LOG, LARGEST_LOG)
    groups = (gaussians.means, logs, activations.to_colors(gaussians.sh[:, 0]))
    bounds, (positions, scales, colors) = zip(*map(_shares, groups), strict=True)
    index, small = to_smallest_three(gaussians.quats)
    rotations = np.column_stack([index / np.float32(3), small / np.float32(2 * LARGEST_SMALL) + np.float32(0.5)])
    colors = np.column_stack([colors, gaussians.opacities])
    parts = ((positions, VECTOR), (rotations, ROTATION), (scales, VECTOR), (colors, COLOR))
    return np.concatenate(bounds, axis=1), np.stack([_pack_words(shares, bits) for shares, bits in parts], axis=1)


def _shares(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The bounds [C, 6] of the chunks of values [N, 3], and each value's position between them, [N, 3] from 0 to 1."""
    chunks = values.reshape(-1, CHUNK, 3)
    low, high = chunks.min(axis=1), chunks.max(axis=1)
    span = np.where(high > low, high - low, 1)
    return np.concatenate([low, high], axis=1), ((chunks - low[:, None]) / span[:, None]).reshape(-1, 3)


def _pack_words(shares: np.ndarray, bits: tuple[int, ...]) -> np.ndarray:
    """The inverse of `_unpack`."""
    shifts = (32 - np.cumsum(bits)).astype(np.uint32)
    largest = (1 << np.array(bits, dtype=np.uint32)) - 1
    parts = np.clip(np.floor(shares * largest + 0.5), 0, largest).astype(np.uint32) << shifts
    return np.bitwise_or.reduce(parts, axis=1)


def _sh_bytes(rest: np.ndarray) -> np.ndarray:
    return np.clip(np.floor((rest / SH_RANGE + 0.5) * 256), 0, 255).astype(np.uint8)
