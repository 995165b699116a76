# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats on their way, and points and cameras before them, as objects of their own in the place of what they will replace.

They are guests: they cannot be clicked on, selection, active object, undo history and renders stay as they are, and they are
saved in no file.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import bpy
import numpy as np
from bpy.app.handlers import persistent
from mathutils import Matrix

from .. import app_handlers
from ..engine import gaussians, results
from ..narrowing import given
from . import conversion
from .drawing import show_in_viewport, show_splats
from .frusta import add_frusta, remove_frusta, show_frusta
from .lookup import find
from .points import cloud_of
from .splats import add_splats, remove_splats, update_splats

NAME, KEPT_NAME = "tttLRM preview", "unfinished splats"
MARK = "tttlrm_preview"  # custom property of the objects: what is hidden for them, as `_hide` tells it
Sight = tuple[gaussians.Gaussians[np.ndarray], results.CameraTable | None]
LONGEST = 60.0  # seconds that splats wait for those before them, as perhaps no viewport draws

readers: list[Callable[[], bool]] = []  # say whether a viewport is still reading what it is to draw


class Preview:
    """What one job shows."""

    def __init__(self, replaces: int = 0, upright: bool = False) -> None:
        """`replaces` is the `session_uid` of the object that is hidden meanwhile, if any.

        `upright` sets what is shown as upright as its cameras, like `build_scene`.
        """
        self._upright, self._world = upright, Matrix()  # where the cameras stand that came last
        self._replaces, self._shown, self._frusta = replaces, 0, 0
        self._hidden: dict[str, Any] = {}
        self._next: Sight | None = None
        self._unfinished = False  # whether splats were shown, not only points
        self._since = 0.0  # when the splats that are shown came

    def offer(self, splats: gaussians.Gaussians[np.ndarray], cameras: results.CameraTable | None = None) -> None:
        """Show splats, or points with their cameras, once viewports have read those before, or newer ones that come until then.

        Viewports read in slices and start over when splats change: if these came faster, none would ever be drawn.
        """
        self._note(cameras)
        self._next = (splats, cameras)
        self.follow()

    def follow(self) -> None:
        """Show the splats that wait, if it is time to; called often."""
        late = time.monotonic() - self._since > LONGEST
        if self._next is not None and (late or not any(reads() for reads in readers)):
            self._show_next()

    def _show_next(self) -> None:
        if self._next is not None:
            self.show(*self._next)
        self._next, self._since = None, time.monotonic()

    def show(self, splats: gaussians.Gaussians[np.ndarray], cameras: results.CameraTable | None = None) -> None:
        """Show splats, or points with their cameras, instead of those before."""
        self._unfinished = cameras is None
        self._note(cameras)
        if len(splats):
            self._show_splats(splats)
        self._show_cameras(cameras)

    def world_of(self, cameras: results.CameraTable) -> Matrix:
        """Where cameras, and what they see, stand in the scene."""
        return Matrix(conversion.upright(cameras.c2w).tolist()) if self._upright else Matrix()

    def _note(self, cameras: results.CameraTable | None) -> None:
        """Know where splats stand from the cameras before them, shown or not."""
        if cameras:
            self._world = self.world_of(cameras)

    def _show_cameras(self, cameras: results.CameraTable | None) -> None:
        """Show cameras until there are splats."""
        shown = find(self._frusta)
        if shown and cameras:
            show_frusta(shown, cameras)
        elif shown:  # there are splats now
            remove_frusta(shown)
        elif cameras:
            shown = add_frusta(cameras)
            shown.hide_select = shown.hide_render = shown.is_runtime_data = True
            self._frusta, shown[MARK] = shown.session_uid, {}
        if shown and cameras:
            shown.matrix_world = self._world

    def _show_splats(self, splats: gaussians.Gaussians[np.ndarray]) -> None:
        shown = find(self._shown)
        if shown:
            update_splats(shown, splats)
        else:
            remove_previews()
            shown = self._add(splats)
        if not shown.parent:
            shown.matrix_world = self._world
        shown.is_runtime_data = cloud_of(shown).is_runtime_data = True

    def keep(self) -> bool:
        """Leave what is shown to the person for good, unless it stands for an object that will be there again."""
        if not self._replaces:
            self._show_next()
        shown = find(self._shown) if self._unfinished and not self._replaces else None
        if shown:
            del shown[MARK]
            shown.name = cloud_of(shown).name = KEPT_NAME
            shown.hide_select = shown.hide_render = shown.is_runtime_data = cloud_of(shown).is_runtime_data = False
            show_splats(shown)
        return shown is not None

    def remove(self) -> None:
        """Show the object that was there before, as it was."""
        self._next = None
        remove_previews()
        _show_again(self._hidden)  # for a person may have deleted the preview, which knew of it

    def _add(self, splats: gaussians.Gaussians[np.ndarray]) -> bpy.types.Object:
        replaced = find(self._replaces)
        collections = replaced.users_collection if replaced else ()
        shown = add_splats(NAME, splats, next(iter(collections), None), show_in_viewport)
        shown.hide_select = shown.hide_render = True
        if replaced:
            shown.parent = replaced  # so as to stand where it stands, and go where it goes
            self._hidden = _hide(replaced) or self._hidden
        self._shown, shown[MARK] = shown.session_uid, self._hidden
        return shown


@persistent
def remove_previews(*_: object) -> None:
    """Remove all previews, and show what was hidden for them; the next one of a job that goes on comes anew.

    Blender calls this too: undoing may bring back those of jobs that are over, and what they hide is to be saved as it was.
    """
    marked = [obj for obj in bpy.data.objects if obj.get(MARK) is not None]
    for obj in [obj for obj in marked if obj.is_runtime_data]:  # copies are the person's own
        hidden = obj[MARK].to_dict()
        (remove_frusta if obj.type == "MESH" else remove_splats)(obj)
        _show_again(hidden)


def _hide(obj: bpy.types.Object) -> dict[str, Any]:
    """Hide an object where the person is looking; gives what it takes to show it as it was, nothing where it was not seen."""
    layer = given(bpy.context.view_layer)
    if layer.objects.get(obj.name) != obj or obj.hide_get():
        return {}
    hidden = {"uid": obj.session_uid, "scene": given(bpy.context.scene).name, "layer": layer.name, "selected": obj.select_get()}
    try:
        obj.hide_set(True)  # deselects it too
    except RuntimeError:  # Blender 5.2 notices only now that it was taken out of its collections
        return {}
    return hidden


def _show_again(hidden: dict[str, Any]) -> None:
    obj, scene = find(hidden.get("uid", 0)), bpy.data.scenes.get(hidden.get("scene", ""))
    layer = scene.view_layers.get(hidden["layer"]) if scene else None
    if obj is None or layer is None or layer.objects.get(obj.name) != obj or not obj.hide_get(view_layer=layer):
        return
    obj.hide_set(False, view_layer=layer)
    if hidden["selected"] and layer.objects.active == obj:  # the person is still at it
        obj.select_set(True, view_layer=layer)


HANDLERS = [(name, remove_previews) for name in ("undo_post", "redo_post", "save_pre")]


def register() -> None:
    """Begin to look after previews."""
    app_handlers.register(HANDLERS)


def unregister() -> None:
    """Take that back out."""
    app_handlers.unregister(HANDLERS)
