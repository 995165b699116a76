# SPDX-License-Identifier: GPL-3.0-or-later
"""Edit mode and its relatives: Blender does not exchange the data of an object that is in one, nor change what is active."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import bpy

from ..narrowing import given


def leave_mode(obj: bpy.types.Object) -> None:
    """Put an object into Object Mode, which keeps what was edited; the active object stays the same."""
    objects = given(bpy.context.view_layer).objects
    if obj.mode == "OBJECT" or obj not in objects.values():
        return
    active, objects.active = objects.active, obj
    bpy.ops.object.mode_set(mode="OBJECT")
    objects.active = active


def make_active(context: bpy.types.Context, added: Sequence[bpy.types.Object]) -> None:
    """Select exactly the objects, and make the last one active, unless another object is being edited."""
    if context.mode != "OBJECT":
        return
    for obj in context.selected_objects:
        obj.select_set(False)
    for obj in added:
        with suppress(RuntimeError):  # it is in a collection that this view layer leaves out
            obj.select_set(True)
            given(context.view_layer).objects.active = obj
