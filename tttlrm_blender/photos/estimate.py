# SPDX-License-Identifier: GPL-3.0-or-later
"""Camera poses of photos that came without."""

from __future__ import annotations

from pathlib import Path

from ..errors import TttlrmError
from ..progress import Report


def estimate_poses(images: list[Path], report: Report) -> Path:
    """A COLMAP model of the images. Raises `TttlrmError` ("no_poses") where none can be found."""
    raise TttlrmError(f"There are no camera poses beside {images[0]}.", "Put a transforms.json beside it.", "no_poses")
