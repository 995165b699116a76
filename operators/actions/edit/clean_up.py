# SPDX-License-Identifier: GPL-3.0-or-later
"""Clean Up: leave out floaters, fog and what lies outside a region; nothing is deleted by that."""

from typing import Any

import bpy
import numpy as np
from bpy.props import BoolProperty, StringProperty

from ...engine import settings
from ...properties import described, setting_property
from ...scene import cleaning
from ...scene.crop import around
from ...scene.points import cloud_of
from ...scene.reconstruction import family
from ...translations import told
from .operator import EditOperator, chosen
from .volume import marking, only_volume


def _strictness(name: str) -> Any:
    explained = described(settings.LookSettings)[name].explained()
    return setting_property(settings.LookSettings, name, default=cleaning.USUAL, description=explained)


class TTTLRM_OT_clean_up(EditOperator, bpy.types.Operator):
    """Leave out floaters, fog and everything outside a region around the subject. Deletes nothing; everything is adjustable"""

    bl_idname = "tttlrm.clean_up"
    bl_label = "Clean Up"

    floaters: _strictness("floaters")
    fog: _strictness("fog")
    use_region: BoolProperty(name="Region", description="Also leave out what is outside the region", default=True)

    def edit(self, context: bpy.types.Context) -> str:
        """Change the settings of all edited objects."""
        cleaning.clean_up(chosen(context), self.floaters, self.fog, self.use_region)
        return _told(context)


class TTTLRM_OT_revert_clean_up(EditOperator, bpy.types.Operator):
    """Show floaters, fog and what is outside the region again"""

    bl_idname = "tttlrm.revert_clean_up"
    bl_label = "Revert Clean Up"

    def edit(self, context: bpy.types.Context) -> str:
        """Put the settings of all edited objects back; their regions are kept for the next time."""
        before = sum(map(cleaning.left_out, chosen(context)))
        cleaning.clean_up(chosen(context), 0.0, 0.0, False)
        return told("{:,} splats were revealed", before - sum(map(cleaning.left_out, chosen(context))))


class TTTLRM_OT_fit_region(EditOperator, bpy.types.Operator):
    """Fit the region to a selected empty or mesh, else around the subject again, aligned with the world's axes"""

    bl_idname = "tttlrm.fit_region"
    bl_label = "Fit Region"

    object: StringProperty(
        name="Object",
        description="An empty (a box of its display size) or a mesh (its bounding box); "
        "leave blank to use the one selected along with the splats",
        options={"SKIP_SAVE"},
    )

    def edit(self, context: bpy.types.Context) -> str:
        """Fit the regions of all edited objects, and use them where an object says which."""
        relatives = set().union(*map(family, chosen(context)))
        others = [obj for obj in marking(context, self.object) if self.object or obj not in relatives]
        if self.object or others:
            box = around(only_volume(others, self.object))
            cleaning.fit_to(chosen(context), np.array(box))
        else:
            cleaning.fit(chosen(context))
        return _told(context)


def _told(context: bpy.types.Context) -> str:
    """Return how many splats of all edited objects are left out."""
    objects = chosen(context)
    total = sum(len(cloud_of(obj).points) for obj in objects)
    return told("{:,} of {:,} splats are left out", sum(map(cleaning.left_out, objects)), total)


CLASSES = (TTTLRM_OT_clean_up, TTTLRM_OT_revert_clean_up, TTTLRM_OT_fit_region)
