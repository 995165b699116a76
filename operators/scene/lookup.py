# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects looked up by what outlives undo and renaming."""

import bpy


def find(uid: int) -> bpy.types.Object | None:
    """An object by its `session_uid`, which outlives renaming and undo where references do not."""
    return next((obj for obj in bpy.data.objects if obj.session_uid == uid), None)
