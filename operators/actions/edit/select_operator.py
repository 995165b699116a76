# SPDX-License-Identifier: GPL-3.0-or-later
"""What all operators that select splats have in common."""

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
    """Selects the splats that `find` says, alone or joined with what was selected."""

    mode: EnumProperty(name="Mode", items=MODES, options={"SKIP_SAVE"})

    def find(self, context: bpy.types.Context, obj: bpy.types.Object) -> np.ndarray:
        """The splats of an object that are meant, as a mask."""
        raise NotImplementedError

    def joined(self, context: bpy.types.Context, obj: bpy.types.Object) -> np.ndarray:
        """What is to be selected in an object."""
        return select.COMBINED[self.mode](before(obj), self.find(context, obj))

    def edit(self, context: bpy.types.Context) -> str:
        """Select in all edited objects, or where something cannot be found in none."""
        return chosen([(obj, self.joined(context, obj)) for obj in edited(context)])


def chosen(wanted: list[tuple[bpy.types.Object, np.ndarray]]) -> str:
    """Select the masks of objects, and say how many splats these are."""
    count = sum(masks.select(obj, mask) for obj, mask in wanted)
    return told("{:,} of {:,} splats are selected", count, sum(len(mask) for _, mask in wanted))


def before(obj: bpy.types.Object) -> np.ndarray:
    """[N] bool what is selected in an object now."""
    mask = masks.selected(obj)
    return np.zeros(len(cloud_of(obj).points), dtype=bool) if mask is None else mask
