# SPDX-License-Identifier: GPL-3.0-or-later
"""Which photos of the list are blurred, measured by their thumbnails, one at a time, while nothing else is to be done."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import bpy
import numpy as np

from ..engine import sharpness
from ..windows import redraw_panels
from . import thumbnails

PAUSE = 0.05  # seconds between photos, for the person's own work

_measured: dict[Path, float] = {}  # softness; not a number where Blender cannot read the photo
_waiting: dict[Path, None] = {}  # in order, and quick to look into


def blurred(photos: Iterable[Path]) -> set[Path]:
    """Those among the photos of a list that the worker will leave out as blurred, as far as they are measured by now."""
    photos = list(photos)
    new = dict.fromkeys(path for path in photos if path not in _measured and path not in _waiting)
    _waiting.update(new)
    if new and not bpy.app.timers.is_registered(measure_next):
        bpy.app.timers.register(measure_next, first_interval=PAUSE)
    known = [path for path in photos if _measured.get(path, np.nan) >= 0]
    soft = sharpness.too_soft([_measured[path] for path in known])
    return {path for path, is_soft in zip(known, soft, strict=True) if is_soft}


def measure_next() -> float | None:
    """Measure the next photo; Blender calls this again as long as there are others."""
    if not _waiting:
        return None
    path = next(iter(_waiting))
    del _waiting[path]
    _measured[path] = _softness(path)
    redraw_panels()
    return PAUSE if _waiting else None


def _softness(path: Path) -> float:
    pixels = thumbnails.pixels(path)
    return sharpness.softness(pixels[..., :3].mean(2) / 255) if pixels.size else np.nan


def unregister() -> None:
    """Forget all photos."""
    _measured.clear()
    _waiting.clear()
