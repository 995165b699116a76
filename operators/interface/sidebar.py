# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared parts of the panels in the tttLRM tab of the 3D Viewport's sidebar."""

import textwrap
from enum import IntEnum

import bpy

from .. import check_boxes
from ..mixins import Panel
from ..narrowing import given, untyped

LETTER = 7  # mean width of a letter in pixels, at interface scale 1
MARGIN = 10  # width of the panel's border, icon and tabs, in letters


class Order(IntEnum):
    """Places of the panels in the tab, for `bl_order`: the order of the work."""

    ENGINE = 0
    PHOTOS = 1
    RECONSTRUCT = 2
    LOOK = 3
    COMPARE = 4
    CLEAN_UP = 5
    MESH = 6
    BAKE = 7
    DELIVER = 8
    WORKER = 9


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


def draw_setting(layout: bpy.types.UILayout, group: bpy.types.PropertyGroup, name: str, text: str | None = None) -> None:
    """Draw a setting of a group; if it may be off, as a check box with a value that is grayed out meanwhile."""
    known = group.bl_rna.properties
    label = text or known[name].name
    if check_boxes.box(name) not in known:
        layout.prop(group, name, text=label)
    else:
        check_boxes.draw(layout, group, name, label)


def paragraph(layout: bpy.types.UILayout, context: bpy.types.Context, text: str, icon: str) -> None:
    """Draw a text wrapped to the width of the panel, with an icon before the first line. Blender does not wrap labels."""
    letters = int(given(context.region).width / (LETTER * given(context.preferences).system.ui_scale)) - MARGIN
    for number, line in enumerate(textwrap.wrap(text, max(letters, 20))):
        layout.label(text=line, translate=False, icon=untyped("BLANK1" if number else icon))
