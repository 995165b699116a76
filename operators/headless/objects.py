# SPDX-License-Identifier: GPL-3.0-or-later
"""The option that chooses splats of a .blend file."""

from __future__ import annotations

from argparse import ArgumentParser

import bpy

from ..engine import errors
from ..narrowing import given
from ..scene.splats import is_splats


def add_argument(parser: ArgumentParser) -> None:
    """Add the option that `chosen_splats` takes."""
    parser.add_argument("--object", action="append", metavar="NAME", help="these splats; may be repeated (default: all visible)")


def chosen_splats(names: list[str] | None) -> list[bpy.types.Object]:
    """The objects of some names in the scene, or all visible splats. Raises `TttlrmError` where there are none."""
    objects = given(bpy.context.scene).objects
    if names is None:
        found = [obj for obj in objects if is_splats(obj) and obj.visible_get()]
        if not found:
            raise errors.TttlrmError(
                "The file shows no splats.", hint="Name hidden ones with --object.", code=errors.Code.NO_SPLATS
            )
        return found
    missing = [name for name in names if not is_splats(objects.get(name))]
    if missing:
        there = ", ".join(obj.name for obj in objects if is_splats(obj)) or "none"
        raise errors.TttlrmError(
            "There are no splats named {}.",
            ", ".join(missing),
            hint=errors.text("There are: {}.", there),
            code=errors.Code.NO_SPLATS,
        )
    return [objects[name] for name in dict.fromkeys(names)]
