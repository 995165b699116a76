# SPDX-License-Identifier: GPL-3.0-or-later
"""The sources of the panel as a person uses them."""

from pathlib import Path

import bpy

from operators import sources
from operators.jobs import worker


def choose(kind: str, **values) -> bpy.types.PropertyGroup:
    group = bpy.context.scene.tttlrm.source
    group.kind = kind
    for name, value in values.items():
        setattr(group, name, value)
    return group


def missing() -> str:
    """What the panel says; the button of the panel is grayed out then, and otherwise only where there is no engine."""
    lacking = str(sources.missing(bpy.context))
    with bpy.context.temp_override(tttlrm_source=bpy.context.scene.tttlrm.source):
        assert bpy.ops.tttlrm.reconstruct.poll() == (not lacking and not worker.lacks_engine())
    assert bpy.ops.tttlrm.reconstruct.poll()  # with a folder, anybody may
    return lacking


def shown(path: Path, kind: str = "EMPTY", select: bool = True) -> bpy.types.Object:
    """An object that shows a photo."""
    image = bpy.data.images.load(str(path), check_existing=True)
    obj = bpy.data.objects.new(path.stem, bpy.data.cameras.new(path.stem) if kind == "CAMERA" else None)
    if kind == "CAMERA":
        obj.data.background_images.new().image = image
    else:
        obj.empty_display_type, obj.data = "IMAGE", image
    bpy.context.collection.objects.link(obj)
    obj.select_set(select)
    return obj
