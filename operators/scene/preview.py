# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats on their way, as an object of their own in the place of the one that they will replace.

It is a guest: selection, active object and undo history stay as they are, and it is saved in no file.
"""

from __future__ import annotations

import bpy

from ..engine import gaussians
from .lookup import find
from .splats import add_splats, remove_splats, update_splats

NAME = "tttLRM preview"
MARK = "tttlrm_preview"  # custom property of the objects: `session_uid` of the one that is hidden for it, or 0


class Preview:
    """What one job shows."""

    def __init__(self, replaces: int = 0) -> None:
        """`replaces` is the `session_uid` of the object that is hidden meanwhile, if any."""
        self._replaces, self._shown = replaces, 0
        self._hides = self._was_selected = False

    def show(self, splats: gaussians.Gaussians) -> None:
        """Show splats instead of those before."""
        shown, replaced = find(self._shown), find(self._replaces)
        if shown:
            update_splats(shown, splats)
        else:
            remove_previews()  # undoing may have brought back one of another job
            shown = add_splats(NAME, splats, replaced.users_collection[0] if replaced else None)
            self._shown = shown.session_uid
            if replaced:
                shown.matrix_world = replaced.matrix_world
                self._hide(replaced)
        shown[MARK] = self._replaces if self._hides else 0
        shown.is_runtime_data = shown.data.is_runtime_data = True

    def remove(self) -> None:
        """Show the object that was there before, as it was."""
        remove_previews()
        replaced = find(self._replaces)
        if self._hides and _is_in_view(replaced):
            replaced.hide_set(False)
            if self._was_selected and bpy.context.view_layer.objects.active == replaced:  # the person is still at it
                replaced.select_set(True)
        self._hides = False

    def _hide(self, replaced: bpy.types.Object) -> None:
        if _is_in_view(replaced) and not replaced.hide_get():
            self._hides, self._was_selected = True, replaced.select_get()
            replaced.hide_set(True)  # deselects it too


def remove_previews() -> None:
    """Remove all previews: that of the job, and those that undoing has brought back; show what was hidden for them."""
    for obj in [obj for obj in bpy.data.objects if MARK in obj]:
        hidden = find(obj[MARK])
        remove_splats(obj)
        if _is_in_view(hidden):
            hidden.hide_set(False)


def _is_in_view(obj: bpy.types.Object | None) -> bool:
    return obj is not None and bpy.context.view_layer.objects.get(obj.name) == obj
