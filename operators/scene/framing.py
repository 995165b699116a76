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
REACH = 1.5  # lengths of the middle half of the splats, on either side of it; what is farther away is no subject, however much
HELPER = "tttLRM subject"


def subject(
    places: np.ndarray,  # [N, 3]
) -> tuple[np.ndarray, np.ndarray]:  # [3], [3]
    """The lowest and the highest corner of a box around most points, but without those far from the middle half of them.

    Drafts of outdoor photos have more than a tenth of their splats in the distance.
    """
    low, first, third, high = np.quantile(places, [(1 - SHARE) / 2, 0.25, 0.75, (1 + SHARE) / 2], axis=0)
    more, reach = (MARGIN - 1) / 2 * (high - low), REACH * (third - first)
    least, most = np.maximum(places.min(axis=0), first - reach), np.minimum(places.max(axis=0), third + reach)
    return np.maximum(low - more, least), np.minimum(high + more, most)


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
