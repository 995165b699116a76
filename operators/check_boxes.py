# SPDX-License-Identifier: GPL-3.0-or-later
"""Check boxes of settings that may be off, as Blender has them: a box, and beside it a value that stays while the box is off.

The setting itself is what files, presets and scripts keep: `views`, 0 for automatic. With it come `use_views`, which is the box,
`views_value`, which is shown beside it, and `views_kept`, which remembers the latter while the setting is off.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy
from bpy.props import BoolProperty

from .engine import fields

SMALLEST = 1e-6  # of values that may be any fraction
FOLLOWS = {"SKIP_SAVE"}  # options of properties that show another one, and store nothing themselves


def box(name: str) -> str:
    """Return the name of a setting's check box."""
    return f"use_{name}"


def value(name: str) -> str:
    """Return the name of the value beside the check box."""
    return f"{name}_value"


def beside(name: str, setting: fields.Setting, make: Callable[..., Any]) -> dict[str, Any]:
    """Return the properties that come with a setting that may be off; `make` makes one like the setting's own."""
    off = setting.off
    if off is None:
        return {}
    kept, limits = f"{name}_kept", _limits(setting.values)

    def is_on(group: Any) -> bool:
        return getattr(group, name) != off.value

    def switch(group: Any, on: bool) -> None:
        if on and not is_on(group):
            setattr(group, name, getattr(group, kept))
        elif not on and is_on(group):
            setattr(group, kept, getattr(group, name))
            setattr(group, name, off.value)

    def shown(group: Any) -> Any:
        return getattr(group, name if is_on(group) else kept)

    def change(group: Any, to: Any) -> None:
        setattr(group, name if is_on(group) else kept, max(to, limits["min"]) if limits else to)

    return {
        box(name): BoolProperty(name=setting.label, description=setting.explained("off"), get=is_on, set=switch, options=FOLLOWS),
        value(name): make(default=off.start, get=shown, set=change, options=FOLLOWS, **limits),
        kept: make(name="", description="", default=off.start, options={"HIDDEN"}, **limits),
    }


def draw(layout: bpy.types.UILayout, owner: Any, name: str, label: str) -> None:
    """Draw the check box of a setting of a group or an operator, and beside it the value, grayed out while the box is off."""
    row = layout.row(align=True, heading=label)
    row.prop(owner, box(name), text="")
    beside_it = row.row(align=True)
    beside_it.active = getattr(owner, box(name))
    beside_it.prop(owner, value(name), text="")


def _limits(values: fields.Values) -> dict[str, Any]:
    """Return the lower limit of a number that is on: 0 would turn it off."""
    if not isinstance(values, fields.Numbers):
        return {}
    return {"min": max(values.least, 1 if values.whole else SMALLEST)}
