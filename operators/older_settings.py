# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of splats in files of older versions.

Before there was a quality, refine settings had other defaults, which become those of today. Before splats had a version, their
size was changed by the worker, and is not to be changed again; and nobody knows whether they were edited. Photos came from the
selected images unless another source was chosen; now they come from a folder. So the source is stored with every scene that has
anything of ours. Before there was fog, the strictness about floaters was of another criterion; where it was on, it becomes the
usual one.

Every setting is stored with splats, whether or not a person has chosen it; with a scene, only what was chosen.
"""

from __future__ import annotations

from typing import Any

import bpy
from bpy.app.handlers import persistent

from . import app_handlers
from .narrowing import group_of
from .scene import cleaning, versions
from .scene.editable import is_editable
from .scene.splats import is_splats

DEFAULTS = {"exposure": False, "max_splats": 200_000}
STEPS = 500  # offered for splats that were not refined; a limit, if it stayed


@persistent
def adopt(*_: Any) -> None:
    """Forget the defaults of older versions in what came with a file; linked objects keep theirs, as changes are not saved."""
    for scene in filter(_in_use, bpy.data.scenes):
        source = group_of(scene).source
        if not (source.is_property_set("kind") or source.folder):  # who chose a folder then, chose it as the source, too
            source.kind = "SELECTED"
    for obj in filter(is_editable, bpy.data.objects):
        own, refine = group_of(obj), group_of(obj).refine
        if is_splats(obj) and own.session and not own.version:
            own.decode.property_unset("scale")
            versions.adopt(obj)
        if own.session and own.decode.is_property_set("floaters") and not own.decode.is_property_set("fog"):
            adopt_floaters(own.decode)
        if all(map(refine.is_property_set, DEFAULTS)) and not refine.is_property_set("quality"):
            _forget(refine)


def adopt_floaters(decode: Any) -> None:
    """Give settings from before there was fog a strictness of the criterion of today. The fog is stored, so that they stay."""
    if decode.floaters:
        decode.floaters = cleaning.USUAL
    decode.fog = 0.0


def _forget(refine: Any) -> None:
    """Unset the settings that have the defaults of older versions."""
    for name, value in DEFAULTS.items():
        if getattr(refine, name) == value:
            refine.property_unset(name)
    if refine.steps == STEPS and not refine.passes and not refine.seconds:
        refine.property_unset("steps")
    refine.quality = refine.quality  # stored, so that what is chosen from now on stays


@persistent
def store(*_: Any) -> None:
    """Store the source of photos, as the file is about to be saved."""
    for scene in filter(_in_use, bpy.data.scenes):
        group_of(scene).source.kind = group_of(scene).source.kind


def _in_use(scene: bpy.types.Scene) -> bool:
    """Whether a scene can be changed, and has settings or splats of ours."""
    return is_editable(scene) and (_is_set(group_of(scene)) or any(group_of(obj).session for obj in scene.objects))


def _is_set(group: Any) -> bool:
    """Whether any setting of a group is stored, or of the groups in it."""
    properties = [one for one in group.bl_rna.properties if one.identifier != "rna_type" and not one.is_skip_save]
    return any(_is_stored(group, one) for one in properties)


def _is_stored(group: Any, one: bpy.types.Property) -> bool:
    value = getattr(group, one.identifier)
    if isinstance(value, bpy.types.PropertyGroup):
        return _is_set(value)
    return group.is_property_set(one.identifier) and (bool(value) or one.type != "POINTER")


HANDLERS = [*((name, adopt) for name in app_handlers.FILE_CAME), ("save_pre", store)]


def register() -> None:
    """Look at files from now on."""
    app_handlers.register(HANDLERS)


def unregister() -> None:
    """Take that back out."""
    app_handlers.unregister(HANDLERS)
