# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the subject of splats is, and a 3D viewport's view of it: the farthest haze does not count, as it does in bounds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product

import bpy
import numpy as np

from ..narrowing import given, untyped
from . import masks, points
from .splats import is_splats

SHARE = 0.9  # of the splats along each axis, from their middle
MARGIN = 1.2  # of the box of these; never beyond all splats
HELPER = "tttLRM subject"


def subject(
    places: np.ndarray,  # [N, 3]
) -> tuple[np.ndarray, np.ndarray]:  # [3], [3]
    """The lowest and the highest corner of a box around most points."""
    low, high = np.quantile(places, [(1 - SHARE) / 2, (1 + SHARE) / 2], axis=0)
    more = (MARGIN - 1) / 2 * (high - low)
    return np.maximum(low - more, places.min(axis=0)), np.minimum(high + more, places.max(axis=0))


@contextmanager
def subjects_selected(context: bpy.types.Context) -> Iterator[None]:
    """Within the block, boxes around the subjects of selected splats are selected instead of the splats."""
    layer = given(context.view_layer)
    layer.update()
    replaced = [obj for obj in context.selected_objects if is_splats(obj) and len(points.cloud_of(obj).points)]
    boxes = [_box(obj) for obj in replaced]
    for obj, box in zip(replaced, boxes, strict=True):
        given(context.scene).collection.objects.link(box)
        box.select_set(True)
        obj.select_set(False)
    layer.update()
    try:
        yield
    finally:
        for obj, box in zip(replaced, boxes, strict=True):
            bpy.data.meshes.remove(untyped(box.data))  # and the object with it
            obj.select_set(True)


def _box(obj: bpy.types.Object) -> bpy.types.Object:
    """A mesh of the eight corners."""
    places, shown = points.read(points.cloud_of(obj), "position"), masks.visible(obj)
    low, high = subject(places if shown is None or not shown.any() else places[shown])
    mesh = bpy.data.meshes.new(HELPER)
    mesh.from_pydata([tuple(corner) for corner in product(*zip(low.tolist(), high.tolist(), strict=True))], [], [])
    box = bpy.data.objects.new(HELPER, mesh)
    box.matrix_world = obj.matrix_world
    return box
