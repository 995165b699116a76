# SPDX-License-Identifier: GPL-3.0-or-later
"""Thumbnails of photos. Blender loads each in the background when it is first drawn."""

from __future__ import annotations

from pathlib import Path

import bpy.utils.previews

_kept: bpy.utils.previews.ImagePreviewCollection | None = None


def icon(path: Path) -> int:
    """Return the icon number of a photo's thumbnail."""
    global _kept
    if _kept is None:
        _kept = bpy.utils.previews.new()
    name = str(path)
    return (_kept.get(name) or _kept.load(name, name, "IMAGE")).icon_id


def unregister() -> None:
    """Remove all thumbnails."""
    global _kept
    if _kept is not None:
        bpy.utils.previews.remove(_kept)
    _kept = None
