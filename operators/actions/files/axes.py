# SPDX-License-Identifier: GPL-3.0-or-later
"""The axes of files as a choice for the user."""

from typing import Any

from bpy.props import EnumProperty

ITEMS = [
    ("NEGATIVE_Y", "Y Down", "Usual in splat files and COLMAP: x right, y down, z forward"),
    ("Y", "Y Up", "x right, y up, z toward the viewer"),
    ("Z", "Z Up", "As in Blender and Nerfstudio"),
]
DEFAULT = ITEMS[0][0]
AUTOMATIC = ("AUTO", "Automatic", "Use the axis given in the file; if there is none, y points down")
TOLD = {"z": "Z", "-y": "NEGATIVE_Y"}  # how the engine names what files tell


def axes_property(description: str, automatic: bool = False) -> Any:
    """The property `up_axis` of an operator."""
    items = [AUTOMATIC, *ITEMS] if automatic else ITEMS
    return EnumProperty(name="Up Axis", items=items, default=items[0][0], description=description)
