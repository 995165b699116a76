# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panels in the tab “tttLRM” of the 3D view's sidebar share."""

import textwrap

import bpy

from ..mixins import Panel
from ..narrowing import given, untyped

LETTER = 7  # pixels that a letter is wide at interface scale 1, on average
MARGIN = 10  # letters that the panel's border, icon and tabs take


class Tab(Panel):
    """Where the panels are."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "tttLRM"


def column(panel: bpy.types.Panel) -> bpy.types.UILayout:
    """A column for settings, names on the left."""
    given(panel.layout).use_property_split = True
    given(panel.layout).use_property_decorate = False
    return given(panel.layout).column()


def paragraph(layout: bpy.types.UILayout, context: bpy.types.Context, text: str, icon: str) -> None:
    """A text in lines that fit into the panel, an icon before the first; Blender itself breaks none."""
    letters = int(given(context.region).width / (LETTER * given(context.preferences).system.ui_scale)) - MARGIN
    for number, line in enumerate(textwrap.wrap(text, max(letters, 20))):
        layout.label(text=line, translate=False, icon=untyped("BLANK1" if number else icon))
