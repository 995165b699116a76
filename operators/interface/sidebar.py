# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared parts of the panels in the tttLRM tab of the 3D Viewport's sidebar."""

import textwrap

import bpy

from ..mixins import Panel
from ..narrowing import given, untyped

LETTER = 7  # mean width of a letter in pixels, at interface scale 1
MARGIN = 10  # width of the panel's border, icon and tabs, in letters


class Tab(Panel):
    """A panel in the tttLRM tab."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "tttLRM"


def column(panel: bpy.types.Panel) -> bpy.types.UILayout:
    """Return a column for settings, with their names on the left."""
    given(panel.layout).use_property_split = True
    given(panel.layout).use_property_decorate = False
    return given(panel.layout).column()


def paragraph(layout: bpy.types.UILayout, context: bpy.types.Context, text: str, icon: str) -> None:
    """Draw a text wrapped to the width of the panel, with an icon before the first line. Blender does not wrap labels."""
    letters = int(given(context.region).width / (LETTER * given(context.preferences).system.ui_scale)) - MARGIN
    for number, line in enumerate(textwrap.wrap(text, max(letters, 20))):
        layout.label(text=line, translate=False, icon=untyped("BLANK1" if number else icon))
