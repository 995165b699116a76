# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats as SPZ files (github.com/nianticlabs/spz), about a tenth of the size of PLY.

Attributes: positions are 24-bit fixed point (version 1: half floats); opacities, base colors and log-scales are bytes;
rotations are the smallest three components in 10 bits each and the index of the largest (before version 3: x y z as bytes);
SH coefficients are bytes. The axes are right, up, back, and are converted to those of PLY files (right, down, forward), as
in the format's own tools.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...errors import bad_splats
from ...geometry.quaternions import from_smallest_three, normalize, to_smallest_three
from ..activations import to_bytes
from ..gaussians import Gaussians
from ..transform import apply_similarity
from .finite import keep_finite
from .spz_container import ANTIALIASED, TERMS, Header, read_container, write_container

AXES = np.diag([1.0, -1.0, -1.0])  # PLY to SPZ and back
COLOR_SCALE = 0.15  # a byte holds 0.5 + 0.15 of the constant coefficient
MOST_FRACTIONAL_BITS = 20
SH_STEPS = [8] * 9 + [16] * 36  # coarser than a byte, so that the stream compresses well
LARGEST_SMALL = np.sqrt(0.5)  # bound on the three smallest components of a unit quaternion


def read_spz(path: str | Path) -> Gaussians[np.ndarray]:
    """The splats of an SPZ file of version 1 to 4, in the axes of PLY files. SH above degree 3 is dropped.

    Raises `TttlrmError` when the file is missing, damaged or of another version.
    """
    header, arrays = read_container(Path(path))
    return _unpack(Path(path), header, *arrays)


def _unpack(
    path: Path,
    header: Header,
    positions: np.ndarray,  # [N, 9 or 6] uint8, and so are the others
    opacities: np.ndarray,  # [N, 1]
    base: np.ndarray,  # [N, 3]
    scales: np.ndarray,  # [N, 3]
    rotations: np.ndarray,  # [N, 4 or 3]
    rest: np.ndarray,  # [N, 3 (K - 1)]
) -> Gaussians[np.ndarray]:
    base_sh = (base / np.float32(255) - np.float32(0.5)) / np.float32(COLOR_SCALE)
    rest_sh = (rest[:, : 3 * TERMS[3]].astype(np.float32) - 128) / 128
    gaussians = Gaussians(
        means=_from_halves(positions) if header.version == 1 else _from_fixed_point(positions, header.fractional_bits),
        quats=_from_smallest_three(rotations) if header.version >= 3 else _from_first_three(rotations),
        scales=np.exp(scales / np.float32(16) - 10),
        opacities=opacities[:, 0] / np.float32(255),
        sh=np.concatenate([base_sh[:, None], rest_sh.reshape(len(base), rest_sh.shape[1] // 3, 3)], axis=1),
        antialiased=bool(header.flags & ANTIALIASED),
    )
    return apply_similarity(keep_finite(path, gaussians, np.isfinite(gaussians.means).all(axis=1)), 1.0, AXES, np.zeros(3))


def write_spz(path: str | Path, gaussians: Gaussians[np.ndarray], up: str = "") -> None:
    """Write splats in the axes of PLY files as an SPZ file of version 3. The format cannot store which way is `up`.

    Positions keep up to 24 bits over the extent of the scene, scales a sixteenth of a factor e, SH coefficients 4 to 5
    bits within −1 to 1, as the format's own tools write them. Raises `TttlrmError` when the file cannot be written.
    """
    turned = apply_similarity(gaussians, 1.0, AXES, np.zeros(3))
    extent = float(np.abs(turned.means).max(initial=0.0))
    if extent >= 1 << 23:
        raise bad_splats("{} cannot hold splats at a distance of {:.0f}.", Path(path), extent, hint="Scale the scene down first.")
    fractional_bits = int(np.clip(23 - np.frexp(extent)[1], 0, MOST_FRACTIONAL_BITS))
    parts = [
        _to_fixed_point(turned.means, fractional_bits),
        to_bytes(turned.opacities * 255),
        to_bytes(turned.sh[:, 0] * (COLOR_SCALE * 255) + 127.5),
        to_bytes((np.log(np.maximum(turned.scales, 1e-30)) + 10) * 16),
        _to_smallest_three(turned.quats),
        _to_coarse_bytes(turned.sh[:, 1:].reshape(len(turned), 3 * turned.sh.shape[1] - 3)),
    ]
    flags = ANTIALIASED if gaussians.antialiased else 0
    write_container(path, Header(3, len(turned), turned.sh_degree, fractional_bits, flags), parts)


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


def _from_halves(
    positions: np.ndarray,  # [N, 6] uint8
) -> np.ndarray:  # [N, 3] float32
    return np.ascontiguousarray(positions).view("<f2").astype(np.float32)


def _to_smallest_three(
    quats: np.ndarray,  # [N, 4] w x y z
) -> np.ndarray:  # [N] uint32
    """From the highest bit: the index of the largest component in x y z w, then a sign and 9 bits for each of the others."""
    largest, small = to_smallest_three(quats[:, [1, 2, 3, 0]])
    words = np.round(np.abs(small) / LARGEST_SMALL * 511).astype(np.uint32) | (np.uint32(512) * (small < 0))
    return (largest.astype(np.uint32) << 30 | words[:, 0] << 20 | words[:, 1] << 10 | words[:, 2]).astype("<u4")


def _from_smallest_three(
    rotations: np.ndarray,  # [N, 4] uint8
) -> np.ndarray:  # [N, 4] float32 w x y z
    packed = np.ascontiguousarray(rotations).view("<u4")
    words = packed >> np.array([20, 10, 0], dtype=np.uint32)
    small = (
        (words & 511).astype(np.float32) * np.float32(LARGEST_SMALL / 511) * np.where(words & 512, np.float32(-1), np.float32(1))
    )
    return normalize(from_smallest_three(small, packed[:, 0] >> 30)[:, [3, 0, 1, 2]])


def _from_first_three(
    rotations: np.ndarray,  # [N, 3] uint8
) -> np.ndarray:  # [N, 4] float32 w x y z
    xyz = rotations / np.float32(127.5) - 1
    w = np.sqrt(np.maximum(1 - (xyz**2).sum(axis=1, keepdims=True), 0))
    return normalize(np.concatenate([w, xyz], axis=1))
