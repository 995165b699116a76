# SPDX-License-Identifier: GPL-3.0-or-later
"""The choice of a file's up axis."""

from typing import Any

from bpy.props import EnumProperty

ITEMS = [
    ("NEGATIVE_Y", "Y Down", "Usual in splat files and COLMAP: x right, y down, z forward"),
    ("Y", "Y Up", "x right, y up, z toward the viewer"),
    ("Z", "Z Up", "As in Blender and Nerfstudio"),
]
DEFAULT = ITEMS[0][0]
AUTOMATIC = ("AUTO", "Automatic", "Use the axis given in the file; if there is none, y points down")
BY_ENGINE_NAME = {"z": "Z", "-y": "NEGATIVE_Y"}  # items by the engine's names of axes


def axes_property(description: str, automatic: bool = False) -> Any:
    """Return the property `up_axis` of an operator."""
    items = [AUTOMATIC, *ITEMS] if automatic else ITEMS
    return EnumProperty(name="Up Axis", items=items, default=items[0][0], description=description)
