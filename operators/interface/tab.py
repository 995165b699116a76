# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panels in the tab “tttLRM” of the 3D view's sidebar share."""

import bpy


class Tab:
    """Where the panels are."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "tttLRM"


def column(panel: bpy.types.Panel) -> bpy.types.UILayout:
    """A column for settings, names on the left."""
    panel.layout.use_property_split = True
    panel.layout.use_property_decorate = False
    return panel.layout.column()
