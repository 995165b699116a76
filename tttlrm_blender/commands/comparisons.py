# SPDX-License-Identifier: GPL-3.0-or-later
"""Comparison pictures: photo, rendering and error side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .picture_names import file_names

if TYPE_CHECKING:
    from ..gaussians.gaussians import Gaussians
    from ..photos.load import PhotoSet


def write_comparisons(folder: Path, gaussians: Gaussians[np.ndarray], photos: PhotoSet) -> None:
    """Write a PNG for each photo: the photo, the splats (numpy) rendered from its camera, and the error.

    Raises `TttlrmError` if they cannot be written.
    """
    from PIL import Image

    from ..atomic_files import make_folder, replacing
    from ..render.metrics import compared, error_colors
    from ..render.pictures import to_bytes

    make_folder(folder)
    for name, pair in zip(file_names(photos.names), compared(gaussians, photos), strict=True):
        drawn, photo = (image[0].cpu().numpy() for image in pair)
        panels = [photo, drawn, error_colors(np.abs(drawn - photo).mean(-1))]
        with replacing(folder / f"{name}.png") as part:
            Image.fromarray(to_bytes(np.concatenate(panels, axis=1))).save(part)
