# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats as `.splat` files, which many browser viewers read.

No header; 32 bytes per splat, little-endian: position and scale as floats, red, green, blue and opacity as bytes, rotation as
four bytes w x y z around 128. Colors do not depend on the view. The axes are those of PLY files.
"""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from ...atomic_files import replacing
from ...errors import bad_splats, text
from ...geometry.quaternions import normalize
from .. import activations
from ..gaussians import Gaussians, allocate
from .finite import keep_finite
from .limits import check_number

RECORD = np.dtype([("means", "<f4", 3), ("scales", "<f4", 3), ("colors", "u1", 4), ("quats", "u1", 4)])


def read_splat(path: str | Path) -> Gaussians[np.ndarray]:
    """The splats of a `.splat` file.

    Splats with values that are not finite, or with negative scales, are left out and counted in a logged warning. Raises
    `TttlrmError` when the file is missing or not such a file.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        if size == 0 or size % RECORD.itemsize:
            raise bad_splats("{} is not a .splat file, or ends too early: its {} bytes are not 32 for each splat.", path, size)
        check_number(path, size // RECORD.itemsize)
        records = np.fromfile(path, dtype=RECORD)
    except OSError as error:
        raise bad_splats("{} cannot be read: {}.", path, error.strerror) from error
    into = allocate(len(records), 0)
    into.means[:], into.scales[:] = records["means"], records["scales"]
    into.quats[:] = normalize((records["quats"].astype(np.float32) - 128) / 128)
    into.opacities[:] = records["colors"][:, 3] / np.float32(255)
    into.sh[:, 0] = activations.to_base_sh(records["colors"][:, :3] / np.float32(255))
    sound = np.isfinite(into.means).all(axis=1) & np.isfinite(into.scales).all(axis=1) & (into.scales >= 0).all(axis=1)
    return keep_finite(path, into, sound)


def write_splat(path: str | Path, gaussians: Gaussians[np.ndarray], up: str = "") -> None:
    """Write splats as a `.splat` file; positions and scales are exact, SH beyond the constant term is dropped.

    The format cannot store which way is `up`, nor that splats are antialiased: that is a logged warning. Raises `TttlrmError`
    when the file cannot be written.
    """
    if gaussians.antialiased:
        note = "{}: files of this kind cannot say that splats are anti-aliased. Other programs show them slightly too thick."
        logging.getLogger(__name__).warning(text(note, path))
    records = np.empty(len(gaussians), dtype=RECORD)
    records["means"], records["scales"] = gaussians.means, gaussians.scales
    records["colors"][:, :3] = activations.to_bytes(activations.to_colors(gaussians.sh[:, 0]) * 255)
    records["colors"][:, 3] = activations.to_bytes(gaussians.opacities * 255)
    records["quats"] = activations.to_bytes(gaussians.quats * 128 + 128)
    with replacing(path) as part:
        records.tofile(part)
