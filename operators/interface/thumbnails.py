# SPDX-License-Identifier: GPL-3.0-or-later
"""Small pictures of photos. Blender reads each in the background once it is drawn."""

from __future__ import annotations

from pathlib import Path

import bpy.utils.previews

_kept: bpy.utils.previews.ImagePreviewCollection | None = None


def icon(path: Path) -> int:
    """The icon number of a photo's small picture."""
    global _kept
    if _kept is None:
        _kept = bpy.utils.previews.new()
    name = str(path)
    return (_kept.get(name) or _kept.load(name, name, "IMAGE")).icon_id


def unregister() -> None:
    """Forget all of them."""
    global _kept
    if _kept is not None:
        bpy.utils.previews.remove(_kept)
    _kept = None
