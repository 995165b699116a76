# SPDX-License-Identifier: GPL-3.0-or-later
"""Base class of operators that select splats."""

import bpy
import numpy as np
from bpy.props import EnumProperty

from ...engine import select
from ...scene import masks
from ...scene.points import cloud_of
from ...translations import told
from .operator import EditOperator, edited

MODES = (
    ("SET", "Set", "Set a new selection", "SELECT_SET", 0),
    ("ADD", "Extend", "Extend the existing selection", "SELECT_EXTEND", 1),
    ("SUB", "Subtract", "Subtract from the existing selection", "SELECT_SUBTRACT", 2),
    ("AND", "Intersect", "Intersect with the existing selection", "SELECT_INTERSECT", 3),
)


class SelectOperator(EditOperator):
    """An operator that combines the splats found by `find` with the selection according to `mode`."""

    mode: EnumProperty(name="Mode", items=MODES, options={"SKIP_SAVE"})

    def find(self, context: bpy.types.Context, obj: bpy.types.Object) -> np.ndarray:
        """Return the found splats of an object as a mask [N]."""
        raise NotImplementedError

    def joined(self, context: bpy.types.Context, obj: bpy.types.Object) -> np.ndarray:
        """Return the new selection of an object as a mask [N]."""
        return select.COMBINED[self.mode](before(obj), self.find(context, obj))

    def edit(self, context: bpy.types.Context) -> str:
        """Select in all edited objects, or in none if an error occurs in one of them."""
        return chosen([(obj, self.joined(context, obj)) for obj in edited(context)])


def chosen(wanted: list[tuple[bpy.types.Object, np.ndarray]]) -> str:
    """Select the masks of objects; return a report with the number of splats."""
    count = sum(masks.select(obj, mask) for obj, mask in wanted)
    return told("{:,} of {:,} splats are selected", count, sum(len(mask) for _, mask in wanted))


def before(obj: bpy.types.Object) -> np.ndarray:
    """Return the current selection of an object as a mask [N]."""
    mask = masks.selected(obj)
    return np.zeros(len(cloud_of(obj).points), dtype=bool) if mask is None else mask
