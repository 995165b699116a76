# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats over the 3D viewport: what is on the GPU, and what is asked of the thread that packs and sorts.

Drawing never waits. It shows what there is, asks for what is newer, and is called again when that has arrived.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import bpy
import gpu
import numpy as np

from ..engine import drawing
from ..narrowing import given
from .background import Background
from .canvas import Atlas, Canvas, texture, upload
from .reading import Reading, plan
from .visible import Appearance, Key

BUDGET = 2_000_000  # splats that are drawn at most; of more, those that matter most in the view
MEMORY, PACKING = "memory", "packing"


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
        self._reading: Reading | None = None
        self._goes_on = False
        self._packing: Packing | None = None
        self._atlas: Atlas | None = None

    def draw(
        self,
        region: int,
        seen: list[Appearance],
        eye: drawing.Eye,
        aside: bool = False,
        alone: bool = False,
        later: drawing.Eye | None = None,
    ) -> None:
        """Draw what is ready for a region into the bound framebuffer, `aside` or `alone` (see `Canvas`); ask for what is not.

        Splats are sorted for where a view that flies will be `later`, so that they are when it arrives.
        """
        if region not in self.views:
            self._forget(self.views.keys() - _regions())
            self.views[region] = View()
        view = self.views[region]
        self._keep_packed(seen)
        here = [one for one in seen if one.here]
        self._keep_sorted(region, view, here, later or eye)
        if view.order and here:
            self._show(view, here, eye, aside, alone)

    @property
    def busy(self) -> bool:
        """Whether anything newer is still to come."""
        return self._goes_on or self.background.busy

    @property
    def reading(self) -> bool:
        """Whether clouds are on their way from Blender; if they change now, all of it starts over."""
        return self._reading is not None or self.background.waits(MEMORY, PACKING)

    def news(self) -> bool:
        """Whether there is a reason to draw anew since this was last asked."""
        goes_on, self._goes_on = self._goes_on, False
        return self.background.news() or goes_on

    def _forget(self, regions: set[int]) -> None:
        """Let go of what regions show that are no longer there."""
        for region in regions:
            del self.views[region]
            self.background.forget(region)

    def _keep_packed(self, seen: list[Appearance]) -> None:
        self._keep_read({one.key: one.cloud for one in seen})
        if packed := self.background.take(PACKING):
            self._packing, texels = packed
            self._atlas = upload(texels)

    def _keep_read(self, clouds: dict[Key, bpy.types.PointCloud]) -> None:
        """Ask for memory for clouds that are new, then read them into it, drawing by drawing, and have them packed."""
        if not clouds:
            return
        if tuple(clouds) != self._wanted:
            self._wanted = tuple(clouds)
            self.background.ask(MEMORY, partial(Reading, plan(clouds)))
        begun, self._reading = self.background.take(MEMORY) or self._reading, None
        if begun is None or begun.keys != self._wanted:
            return
        if begun.go_on(clouds):
            self.background.ask(PACKING, partial(_pack, begun.keys, begun.clouds()))
        else:
            self._reading, self._goes_on = begun, True

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

    def _show(self, view: View, here: list[Appearance], eye: drawing.Eye, aside: bool, alone: bool) -> None:
        order, atlas, sorted_splats = given(view.order), given(view.atlas), given(view.texture)
        placed = order.placed
        if order.keys == tuple(one.key for one in here):  # then an object that moves is drawn where it is by now
            placed = _placed(order.packing, [(one.key, one.matrix) for one in here])
        view.canvas.draw(atlas, sorted_splats, order.count, drawing.places(placed, eye), eye.projection, aside, alone)


def _regions() -> set[int]:
    """What tells the regions of all 3D viewports apart."""
    areas = (area for window in given(bpy.context.window_manager).windows for area in window.screen.areas)
    spaces = [area.spaces.active for area in areas if area.type == "VIEW_3D"]
    views = [space for space in spaces if isinstance(space, bpy.types.SpaceView3D)]
    return {data.as_pointer() for space in views for data in (given(space.region_3d), *space.region_quadviews)}


def _pack(keys: tuple[Key, ...], clouds: list[drawing.Cloud]) -> tuple[Packing, drawing.Texels]:
    packed, texels = drawing.pack(clouds)
    return Packing(keys, packed), texels


def _sort(packing: Packing, where: list[tuple[Key, np.ndarray]], eye: drawing.Eye) -> Order:
    placed = _placed(packing, where)
    texels, count = drawing.back_to_front(packing.packed, placed, eye, BUDGET)
    return Order(packing, tuple(key for key, _ in where), placed, texels, count)


def _placed(packing: Packing, where: list[tuple[Key, np.ndarray]]) -> list[drawing.Placed]:
    return [drawing.Placed(packing.keys.index(key), matrix) for key, matrix in where]
