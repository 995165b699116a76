# SPDX-License-Identifier: GPL-3.0-or-later
"""When Blender draws, and when anything may have changed: the overlays of all view layers."""

from __future__ import annotations

import bpy
import gpu
import numpy as np
from bpy.app.handlers import persistent

from .. import app_handlers
from ..engine import drawing
from ..narrowing import given
from ..scene import flight, preview
from ..windows import redraw
from . import canvas, comparison
from .overlay import Overlay
from .visible import appearances, forget_everything, note_changes

TICK = 1 / 60  # seconds between looks at whether there is anything newer

_overlays: dict[tuple[int, str], Overlay] = {}  # by scene and view layer
_handle = None


def draw() -> None:
    """Blender calls this for every 3D viewport, after the scene."""
    context, space, layer = bpy.context, bpy.context.space_data, given(bpy.context.view_layer)
    assert isinstance(space, bpy.types.SpaceView3D)
    if not bpy.data.pointclouds or given(space.shading).type == "WIREFRAME":
        return
    eye = drawing.Eye(np.array(gpu.matrix.get_model_view_matrix()), np.array(gpu.matrix.get_projection_matrix()))
    compared = comparison.wanted(given(context.scene), space, gpu.state.viewport_get()[2:], eye.projection)
    seen = appearances(given(layer.depsgraph), space)
    by_blender = compared is not None and not seen  # then only the comparison needs them
    if by_blender:
        seen = appearances(given(layer.depsgraph), space, all_of_them=True)
    if not seen:
        return
    overlay = _overlay(given(context.scene), layer)
    alone = compared is not None and compared.difference
    ahead = flight.bound_for(given(context.area))
    later = drawing.Eye(ahead, eye.projection) if ahead is not None else None
    overlay.draw(given(context.region_data).as_pointer(), seen, eye, aside=by_blender, alone=alone, later=later)
    if compared:
        view = overlay.views[given(context.region_data).as_pointer()].canvas
        compared.draw(view.picture, view.depths)
    if overlay.busy and not bpy.app.timers.is_registered(_look):
        bpy.app.timers.register(_look, first_interval=TICK)


def _key(scene: bpy.types.Scene, layer: bpy.types.ViewLayer) -> tuple[int, str]:
    return scene.session_uid, layer.name


def _overlay(scene: bpy.types.Scene, layer: bpy.types.ViewLayer) -> Overlay:
    key = _key(scene, layer)
    if key not in _overlays:
        _overlays[key] = Overlay()
    return _overlays[key]


def _look() -> float | None:
    """Draw the viewports anew when there is something newer."""
    if any(overlay.news() for overlay in _overlays.values()):
        redraw("VIEW_3D")
    return TICK if busy() else None


def busy() -> bool:
    """Whether splats are still on their way to a viewport."""
    return any(overlay.busy for overlay in _overlays.values())


def reading() -> bool:
    """Whether a window is still reading the splats that it is to draw."""
    shown = {_key(given(window.scene), given(window.view_layer)) for window in given(bpy.context.window_manager).windows}
    return any(overlay.reading for key, overlay in _overlays.items() if key in shown)


@persistent
def _updated(scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph) -> None:
    note_changes(depsgraph.updates)


@persistent
def _stepped(*_: object) -> None:
    """An earlier or later state of the file is there, and maybe anything in it is another."""
    forget_everything()


@persistent
def _replaced(*_: object) -> None:
    """Another file is about to be opened."""
    forget_everything()
    _close()


def _close() -> None:
    for overlay in _overlays.values():
        overlay.background.close()
    _overlays.clear()


_HANDLERS = (
    ("depsgraph_update_post", _updated),
    ("frame_change_post", _updated),
    ("load_pre", _replaced),
    ("undo_post", _stepped),
    ("redo_post", _stepped),
)


def register() -> None:
    """Begin to draw."""
    global _handle
    _handle = bpy.types.SpaceView3D.draw_handler_add(draw, (), "WINDOW", "POST_VIEW")
    app_handlers.register(_HANDLERS)
    preview.readers.append(reading)


def unregister() -> None:
    """Stop drawing."""
    preview.readers.remove(reading)
    bpy.types.SpaceView3D.draw_handler_remove(_handle, "WINDOW")
    app_handlers.unregister(_HANDLERS)
    if bpy.app.timers.is_registered(_look):
        bpy.app.timers.unregister(_look)
    _close()
    comparison.forget()
    canvas.forget()
