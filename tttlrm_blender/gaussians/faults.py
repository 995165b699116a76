# SPDX-License-Identifier: GPL-3.0-or-later
"""What readers of splat files do about files and splats that cannot be used."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from ..errors import TttlrmError
from .gaussians import Gaussians


def bad_file(path: Path, what: str, hint: str = "") -> TttlrmError:
    """The error for a file of splats that cannot be read."""
    return TttlrmError(f"{path} {what}.", hint, code="bad_splats")


def keep_finite(
    path: Path,
    gaussians: Gaussians,
    finite: np.ndarray,  # [N] bool
) -> Gaussians:
    """The splats that are finite; the number of others goes to the log. Raises `TttlrmError` when none is left."""
    lost = len(finite) - int(finite.sum())
    if lost == 0:
        return gaussians
    if lost == len(finite):
        raise bad_file(path, "holds no splat with finite values")
    logging.getLogger(__name__).warning("%s: left out %d of %d splats, whose values are not finite.", path, lost, len(finite))
    return gaussians[finite]
