# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats as SPZ files (github.com/nianticlabs/spz), about a tenth of the size of PLY.

A gzip stream: a header of 16 bytes, then one attribute after the other for all splats: positions as 24-bit fixed point,
opacities, base colours and log-scales as bytes, rotations (version 3: the smallest three components in 10 bits each and
the index of the largest; version 2: x y z as bytes), SH coefficients as bytes. All little-endian. The axes are right, up,
back where those of PLY files are right, down, forward: both turn into each other here as in the format's own tools.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..files import replacing
from .faults import bad_file
from .gaussians import Gaussians
from .quaternions import normalize
from .transform import apply_similarity

HEADER = struct.Struct("<4sIIBBBB")  # magic, version, splats, SH degree, fractional bits, flags, reserved
MAGIC = b"NGSP"
AXES = np.diag([1.0, -1.0, -1.0])  # PLY to SPZ and back
COLOUR_SCALE = 0.15  # a byte holds 0.5 + 0.15 of the constant coefficient
MOST_FRACTIONAL_BITS = 20
ROTATION_SIZES = {2: 3, 3: 4}  # bytes, by version
SH_STEPS = [8] * 9 + [16] * 36  # coarser than a byte, so that the stream compresses well
LARGEST_SMALL = np.sqrt(0.5)  # bound on the three smallest components of a unit quaternion


def read_spz(path: str | Path) -> Gaussians:
    """The splats of an SPZ file of version 2 or 3, in the axes of PLY files.

    Raises `TttlrmError` when the file is missing, damaged or of another version.
    """
    path = Path(path)
    data = _unzip(path)
    if len(data) < HEADER.size or data[:4] != MAGIC:
        raise bad_file(path, "is not an SPZ file")
    _, version, count, degree, fractional_bits, _, _ = HEADER.unpack_from(data)
    if version not in ROTATION_SIZES or degree > 3:
        raise bad_file(path, f"is SPZ of version {version} and degree {degree}", "Versions 2 and 3 to degree 3 can be read.")
    terms = (degree + 1) ** 2 - 1
    widths = [9, 1, 3, 3, ROTATION_SIZES[version], 3 * terms]
    if len(data) < HEADER.size + count * sum(widths):
        raise bad_file(path, "ends too early", "Copy or export the file again.")
    positions, opacities, base, scales, rotations, rest = _split(data, count, widths)
    base_sh = (base / np.float32(255) - np.float32(0.5)) / np.float32(COLOUR_SCALE)
    rest_sh = (rest.astype(np.float32) - 128) / 128
    gaussians = Gaussians(
        means=_from_fixed_point(positions, fractional_bits),
        quats=_from_smallest_three(rotations) if version == 3 else _from_first_three(rotations),
        scales=np.exp(scales / np.float32(16) - 10),
        opacities=opacities[:, 0] / np.float32(255),
        sh=np.concatenate([base_sh[:, None], rest_sh.reshape(count, terms, 3)], axis=1),
    )
    return apply_similarity(gaussians, 1.0, AXES, np.zeros(3))


def _unzip(path: Path) -> bytes:
    try:
        with gzip.open(path) as file:
            return file.read()
    except EOFError as error:
        raise bad_file(path, "ends too early", "Copy or export the file again.") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise bad_file(path, "is not an SPZ file of version 2 or 3, or is damaged") from error
    except OSError as error:
        raise bad_file(path, f"cannot be read: {error.strerror}") from error


def _split(data: bytes, count: int, widths: list[int]) -> Iterator[np.ndarray]:
    """The bytes [count, width] of one attribute after the other."""
    start = HEADER.size
    for width in widths:
        yield np.frombuffer(data, dtype=np.uint8, count=count * width, offset=start).reshape(count, width)
        start += count * width


def write_spz(path: str | Path, gaussians: Gaussians) -> None:
    """Write splats in the axes of PLY files as an SPZ file of version 3.

    Positions keep up to 24 bits over the extent of the scene, scales a sixteenth of a factor e, SH coefficients 4 to 5
    bits within −1 to 1, as the format's own tools write them. Raises `TttlrmError` when the file cannot be written.
    """
    turned = apply_similarity(gaussians, 1.0, AXES, np.zeros(3))
    extent = float(np.abs(turned.means).max(initial=0.0))
    if extent >= 1 << 23:
        raise bad_file(Path(path), f"cannot hold splats at a distance of {extent:.0f}", "Scale the scene down first.")
    fractional_bits = int(np.clip(23 - np.frexp(extent)[1], 0, MOST_FRACTIONAL_BITS))
    header = HEADER.pack(MAGIC, 3, len(turned), turned.sh_degree, fractional_bits, 0, 0)
    parts = (
        _to_fixed_point(turned.means, fractional_bits),
        _to_bytes(turned.opacities * 255),
        _to_bytes(turned.sh[:, 0] * (COLOUR_SCALE * 255) + 127.5),
        _to_bytes((np.log(np.maximum(turned.scales, 1e-30)) + 10) * 16),
        _to_smallest_three(turned.quats),
        _to_coarse_bytes(turned.sh[:, 1:].reshape(len(turned), 3 * turned.sh.shape[1] - 3)),
    )
    with replacing(path) as part, gzip.open(part, "wb", compresslevel=6) as file:
        file.write(header + b"".join(array.tobytes() for array in parts))


def _to_bytes(values: np.ndarray) -> np.ndarray:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def _to_coarse_bytes(
    rest: np.ndarray,  # [N, 3 (K - 1)]
) -> np.ndarray:  # [N, 3 (K - 1)] uint8
    steps = np.array(SH_STEPS[: rest.shape[1]], dtype=np.int32)
    levels = np.round(rest * 128).astype(np.int32) + 128
    return np.clip((levels + steps // 2) // steps * steps, 0, 255).astype(np.uint8)


def _to_fixed_point(
    means: np.ndarray,  # [N, 3]
    fractional_bits: int,
) -> np.ndarray:  # [N, 3, 3] uint8
    fixed = np.round(means.astype(np.float64) * 2**fractional_bits)
    return np.clip(fixed, -(1 << 23), (1 << 23) - 1).astype("<i4").view(np.uint8).reshape(-1, 3, 4)[..., :3]


def _from_fixed_point(
    positions: np.ndarray,  # [N, 9] uint8
    fractional_bits: int,
) -> np.ndarray:  # [N, 3] float32
    wide = np.zeros((len(positions), 3, 4), dtype=np.uint8)
    wide[..., 1:] = positions.reshape(-1, 3, 3)
    # Shifting down from the top of the word extends the sign.
    return (wide.view("<i4")[..., 0] >> 8).astype(np.float32) * np.float32(0.5**fractional_bits)


def _to_smallest_three(
    quats: np.ndarray,  # [N, 4] w x y z
) -> np.ndarray:  # [N] uint32
    """From the top: the index of the largest component in x y z w, then for the others in order a sign and 9 bits."""
    xyzw = quats[:, [1, 2, 3, 0]]
    largest = np.argmax(np.abs(xyzw), axis=1)[:, None]
    xyzw = np.where(np.take_along_axis(xyzw, largest, axis=1) < 0, -xyzw, xyzw)
    small = xyzw[np.arange(4) != largest].reshape(-1, 3)
    words = np.round(np.abs(small) / LARGEST_SMALL * 511).astype(np.uint32) | (np.uint32(512) * (small < 0))
    return (largest[:, 0].astype(np.uint32) << 30 | words[:, 0] << 20 | words[:, 1] << 10 | words[:, 2]).astype("<u4")


def _from_smallest_three(
    rotations: np.ndarray,  # [N, 4] uint8
) -> np.ndarray:  # [N, 4] float32 w x y z
    packed = np.ascontiguousarray(rotations).view("<u4")
    words = packed >> np.array([20, 10, 0], dtype=np.uint32)
    small = (words & 511) * np.float32(LARGEST_SMALL / 511) * np.where(words & 512, np.float32(-1), np.float32(1))
    largest = np.sqrt(np.maximum(1 - (small**2).sum(axis=1), 0))
    index = packed >> 30
    xyzw = np.empty((len(packed), 4), dtype=np.float32)
    xyzw[np.arange(4) != index] = small.reshape(-1)
    xyzw[np.arange(4) == index] = largest
    return normalize(xyzw[:, [3, 0, 1, 2]])


def _from_first_three(
    rotations: np.ndarray,  # [N, 3] uint8
) -> np.ndarray:  # [N, 4] float32 w x y z
    xyz = rotations / np.float32(127.5) - 1
    w = np.sqrt(np.maximum(1 - (xyz**2).sum(axis=1, keepdims=True), 0))
    return normalize(np.concatenate([w, xyz], axis=1))
