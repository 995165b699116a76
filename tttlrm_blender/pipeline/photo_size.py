# SPDX-License-Identifier: GPL-3.0-or-later
"""The size at which photos are used."""

from __future__ import annotations

from ..outlook.limits import MOST_SIDE
from ..photos.photo import Photo
from ..protocol.settings import ReconstructSettings
from ..render.device import drawing_device
from ..render.hardware import total_memory

BYTES_PER_PIXEL = 16  # three channels and a weight
MEMORY_SHARE = 0.25  # of all memory, for the photos


def sensible_size(photos: list[Photo], settings: ReconstructSettings) -> tuple[int, int]:
    """Width and height at which photos are used: the settings', else those of the first photo within bounds.

    Bounds follow the time that a step takes on this machine's device, and the memory that all photos need together.
    """
    if settings.width or settings.height:
        return settings.width, settings.height
    width, height = photos[0].width, photos[0].height
    shrink = min(1.0, MOST_SIDE[drawing_device().type] / max(width, height))
    memory = total_memory("cpu")
    if memory is not None:
        shrink = min(shrink, (MEMORY_SHARE * memory / (BYTES_PER_PIXEL * len(photos) * width * height)) ** 0.5)
    return max(1, round(width * shrink)), max(1, round(height * shrink))
