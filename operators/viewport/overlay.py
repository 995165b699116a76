# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats over the 3D viewport: what is on the GPU, what is asked of the thread that packs and sorts, and Blender's handlers.

Drawing never waits. It shows what there is, asks for what is newer, and is called again when that has arrived.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import bpy
import gpu
import numpy as np
from bpy.app.handlers import persistent

from ..engine import drawing
from ..windows import redraw
from . import canvas
from .background import Background
from .canvas import Atlas, Canvas, texture, upload
from .visible import Appearance, Key, appearances, forget_everything, note_changes, read_cloud

BUDGET = 2_000_000  # splats that are drawn at most; of more, those that matter most in the view
PACKING = "packing"
TICK = 1 / 60  # seconds between looks at whether the thread is done


@dataclass(frozen=True)
class Packing:
    """Clouds that are drawn from one atlas."""

    keys: tuple[Key, ...]
    packed: drawing.Packed


@dataclass(frozen=True)
class Order:
    """Appearances sorted for one eye."""

    packing: Packing
    keys: tuple[Key, ...]  # of each appearance
    placed: list[drawing.Placed]
    texels: np.ndarray
    count: int


@dataclass
class View:
    """What one region of a window shows."""

    canvas: Canvas = field(default_factory=Canvas)
    asked: tuple | None = None  # for which packing, appearances and eye an order was asked for last
    order: Order | None = None
    atlas: Atlas | None = None  # of the order
    texture: gpu.types.GPUTexture | None = None  # of the order


class Overlay:
    """The splats of one view layer."""

    def __init__(self) -> None:
        self.background = Background()
        self.views: dict[int, View] = {}
        self._wanted: tuple[Key, ...] = ()
        self._packing: Packing | None = None
        self._atlas: Atlas | None = None

    def draw(self, region: int, seen: list[Appearance], eye: drawing.Eye) -> None:
        """Draw what is ready for a region into the bound framebuffer, and ask for what is not."""
        if region not in self.views:
            self._forget(self.views.keys() - _regions())
            self.views[region] = View()
        view = self.views[region]
        self._keep_packed(seen)
        here = [one for one in seen if one.here]
        self._keep_sorted(region, view, here, eye)
        if view.order and here:
            self._show(view, here, eye)

    def _forget(self, regions: set[int]) -> None:
        """Let go of what regions show that are no longer there."""
        for region in regions:
            del self.views[region]
            self.background.forget(region)

    def _keep_packed(self, seen: list[Appearance]) -> None:
        clouds = {one.key: one.cloud for one in seen}
        if tuple(clouds) != self._wanted and clouds:
            self._wanted = tuple(clouds)
            self.background.ask(PACKING, partial(_pack, self._wanted, [read_cloud(cloud) for cloud in clouds.values()]))
        if packed := self.background.take(PACKING):
            self._packing, texels = packed
            self._atlas = upload(texels)

    def _keep_sorted(self, region: int, view: View, here: list[Appearance], eye: drawing.Eye) -> None:
        packing, order = self._packing, self.background.take(region)
        if order and order.packing is packing:
            view.order, view.atlas, view.texture = order, self._atlas, texture(order.texels, "RG32F")
        if packing is None or not here or not {one.key for one in here} <= set(packing.keys):
            return
        asked = (packing.keys, *(one.key for one in here), *(one.matrix.tobytes() for one in here), eye.view.tobytes())
        if asked != view.asked:
            view.asked = asked
            self.background.ask(region, partial(_sort, packing, [(one.key, one.matrix) for one in here], eye))

    def _show(self, view: View, here: list[Appearance], eye: drawing.Eye) -> None:
        order, placed = view.order, view.order.placed
        if order.keys == tuple(one.key for one in here):  # then an object that moves is drawn where it is by now
            placed = _placed(order.packing, [(one.key, one.matrix) for one in here])
        view.canvas.draw(view.atlas, view.texture, order.count, texture(drawing.places(placed, eye)), eye.projection)


def _regions() -> set[int]:
    """What tells the regions of all 3D viewports apart."""
    areas = (area for window in bpy.context.window_manager.windows for area in window.screen.areas if area.type == "VIEW_3D")
    spaces = [area.spaces.active for area in areas]
    return {data.as_pointer() for space in spaces for data in (space.region_3d, *space.region_quadviews)}


def _pack(keys: tuple[Key, ...], clouds: list[drawing.Cloud]) -> tuple[Packing, drawing.Texels]:
    packed, texels = drawing.pack(clouds)
    return Packing(keys, packed), texels


def _sort(packing: Packing, where: list[tuple[Key, np.ndarray]], eye: drawing.Eye) -> Order:
    placed = _placed(packing, where)
    texels, count = drawing.back_to_front(packing.packed, placed, eye, BUDGET)
    return Order(packing, tuple(key for key, _ in where), placed, texels, count)


def _placed(packing: Packing, where: list[tuple[Key, np.ndarray]]) -> list[drawing.Placed]:
    return [drawing.Placed(packing.keys.index(key), matrix) for key, matrix in where]


_overlays: dict[tuple[int, str], Overlay] = {}  # by scene and view layer
_handle = None


def draw() -> None:
    """Blender calls this for every 3D viewport, after the scene."""
    context = bpy.context
    if not bpy.data.pointclouds or context.space_data.shading.type == "WIREFRAME":
        return
    layer = context.view_layer
    seen = appearances(layer.depsgraph, context.space_data)
    if not seen:
        return
    overlay = _overlay(context.scene, layer)
    eye = drawing.Eye(np.array(gpu.matrix.get_model_view_matrix()), np.array(gpu.matrix.get_projection_matrix()))
    overlay.draw(context.region_data.as_pointer(), seen, eye)
    if overlay.background.busy and not bpy.app.timers.is_registered(_look):
        bpy.app.timers.register(_look, first_interval=TICK)


def _overlay(scene: bpy.types.Scene, layer: bpy.types.ViewLayer) -> Overlay:
    key = (scene.session_uid, layer.name)
    if key not in _overlays:
        _overlays[key] = Overlay()
    return _overlays[key]


def _look() -> float | None:
    """Draw the viewports anew when the thread has done something."""
    if any(overlay.background.news() for overlay in _overlays.values()):
        redraw("VIEW_3D")
    return TICK if busy() else None


def busy() -> bool:
    """Whether splats are still on their way to a viewport."""
    return any(overlay.background.busy for overlay in _overlays.values())


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
    for name, handler in _HANDLERS:
        getattr(bpy.app.handlers, name).append(handler)


def unregister() -> None:
    """Stop drawing."""
    bpy.types.SpaceView3D.draw_handler_remove(_handle, "WINDOW")
    for name, handler in _HANDLERS:
        getattr(bpy.app.handlers, name).remove(handler)
    if bpy.app.timers.is_registered(_look):
        bpy.app.timers.unregister(_look)
    _close()
    canvas.forget()
