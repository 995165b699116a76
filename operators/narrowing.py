# SPDX-License-Identifier: GPL-3.0-or-later
"""Narrow Blender's types: values that its stubs declare optional but that exist here, and attributes that they lack."""

from __future__ import annotations

from typing import Any, TypeVar

import bpy

Value = TypeVar("Value")


def given(value: Value | None) -> Value:
    """Return a value that cannot be None here, such as the scene of an operator's context."""
    assert value is not None
    return value


def untyped(value: Any) -> Any:
    """Return a value with attributes that the stubs lack, such as a socket's default or properties of add-ons."""
    return value


def group_of(owner: bpy.types.Object | bpy.types.Scene | None) -> Any:
    """Return tttLRM's property group of an object or a scene: `properties.TTTLRM_PG_object` or `TTTLRM_PG_scene`."""
    return untyped(given(owner)).tttlrm
