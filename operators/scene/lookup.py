# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects looked up by what outlives undo and renaming."""

import bpy

from ..engine import errors


def find(uid: int) -> bpy.types.Object | None:
    """An object by its `session_uid`, which outlives renaming and undo where references do not."""
    return next((obj for obj in bpy.data.objects if obj.session_uid == uid), None)


def still_there(uid: int, code: str) -> bpy.types.Object:
    """The object that a job was started on, by its `session_uid`. Raises `TttlrmError` with this code if it was deleted since."""
    obj = find(uid)
    if obj is None:
        raise errors.TttlrmError(
            "The object was deleted while the worker was at work.", hint="Undo the deletion and start again.", code=code
        )
    return obj
