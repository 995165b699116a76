# SPDX-License-Identifier: GPL-3.0-or-later
"""Look through the cameras of photos, one after another, and compare splats with photos there."""

import bpy

from ...narrowing import given, untyped
from . import compare, gizmo, view_photo, wipe

CLASSES = (
    view_photo.TTTLRM_OT_view_photo,
    view_photo.TTTLRM_OT_next_photo,
    view_photo.TTTLRM_OT_previous_photo,
    compare.TTTLRM_OT_compare,
    wipe.TTTLRM_OT_wipe,
)
GIZMOS = (gizmo.TTTLRM_GT_wipe, gizmo.TTTLRM_GGT_wipe)
# Keys that Blender does not use in Object Mode: operator, key, whether with Shift. Outside of camera views they do nothing.
KEYS = (
    (view_photo.TTTLRM_OT_next_photo.bl_idname, "PAGE_DOWN", False),
    (view_photo.TTTLRM_OT_previous_photo.bl_idname, "PAGE_UP", False),
    (compare.TTTLRM_OT_compare.bl_idname, "END", False),
    (wipe.TTTLRM_OT_wipe.bl_idname, "END", True),
)
_keys: list[tuple[bpy.types.KeyMap, bpy.types.KeyMapItem]] = []


def register() -> None:
    """Give the line its handle, and the operators their keys."""
    for kind in GIZMOS:
        untyped(bpy.utils).register_class(kind)
    configuration = given(bpy.context.window_manager).keyconfigs.addon
    if configuration is None:  # without a window
        return
    keymap = configuration.keymaps.new("Object Mode", space_type="EMPTY")
    for operator, key, shift in KEYS:
        item = keymap.keymap_items.new(operator, untyped(key), "PRESS", shift=shift, repeat=True)
        untyped(item.properties).by_key = True
        _keys.append((keymap, item))


def unregister() -> None:
    """Take them back."""
    while _keys:
        keymap, item = _keys.pop()
        keymap.keymap_items.remove(item)
    for kind in reversed(GIZMOS):
        untyped(bpy.utils).unregister_class(kind)
