# SPDX-License-Identifier: GPL-3.0-or-later
"""Thumbnails of photos. Blender loads each in the background when it is first drawn, but those that are to be turned.

These are loaded and turned one at a time, and are not shown before.
"""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Any

import bpy.utils.previews
import numpy as np

from ..windows import redraw_panels
from .orientation import UPRIGHT, orientation, turned

SIZES = ("image", "icon")  # of which a thumbnail has pixels, for large and for small places

_kept: bpy.utils.previews.ImagePreviewCollection | None = None
_lying: deque[tuple[str, int]] = deque()  # photos that are still to be turned, and how


def icon(path: Path) -> int:
    """Return the icon number of a photo's thumbnail; 0 as long as it would lie on its side."""
    name, kept = str(path), _collection()
    if name not in kept:
        kept.load(name, name, "IMAGE")
        if (turn := orientation(path)) != UPRIGHT:
            _lying.append((name, turn))
            if not bpy.app.timers.is_registered(turn_next):
                bpy.app.timers.register(turn_next)
    return 0 if any(name == waiting for waiting, _ in _lying) else kept[name].icon_id


def pixels(path: Path) -> np.ndarray:  # [H, W, 4] uint8
    """The pixels of a photo's thumbnail, which Blender loads now, unless it has; none where it cannot."""
    icon(path)
    thumbnail: Any = _collection()[str(path)]
    width, height = thumbnail.image_size
    values = np.empty(width * height, np.int32)
    thumbnail.image_pixels.foreach_get(values)
    return values.view(np.uint8).reshape(height, width, 4)


def _collection() -> bpy.utils.previews.ImagePreviewCollection:
    global _kept
    if _kept is None:
        _kept = bpy.utils.previews.new()
    return _kept


def turn_next() -> float | None:
    """Turn the next thumbnail; Blender calls this again as long as there are others."""
    if not _lying or _kept is None:
        return None
    name, turn = _lying.popleft()
    for size in SIZES:
        _turn(_kept[name], size, turn)
    redraw_panels()
    return 0.0 if _lying else None


def _turn(thumbnail: Any, size: str, turn: int) -> None:
    width, height = getattr(thumbnail, f"{size}_size")
    pixels = np.empty(width * height, np.int32)
    getattr(thumbnail, f"{size}_pixels").foreach_get(pixels)
    upright = turned(pixels.reshape(height, width)[::-1], turn)[::-1]  # Blender's rows run upwards
    setattr(thumbnail, f"{size}_size", upright.shape[::-1])
    getattr(thumbnail, f"{size}_pixels").foreach_set(np.ascontiguousarray(upright).ravel())


def unregister() -> None:
    """Remove all thumbnails."""
    global _kept
    _lying.clear()
    if _kept is not None:
        bpy.utils.previews.remove(_kept)
    _kept = None
