# SPDX-License-Identifier: GPL-3.0-or-later
"""What is always there where we ask for it, though Blender's types allow for its absence, and what they do not know."""

from __future__ import annotations

from typing import Any, TypeVar

import bpy

Value = TypeVar("Value")


def given(value: Value | None) -> Value:
    """A value that cannot be missing here, such as the scene of an operator's context."""
    assert value is not None
    return value


def untyped(value: Any) -> Any:
    """A value with attributes that Blender's types do not tell, such as the default of a socket or what add-ons bring."""
    return value


def group_of(owner: bpy.types.Object | bpy.types.Scene | None) -> Any:
    """Our group of properties on an object or a scene: `properties.TTTLRM_PG_object` or `TTTLRM_PG_scene`."""
    return untyped(given(owner)).tttlrm
