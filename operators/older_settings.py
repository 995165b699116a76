# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of splats in files of older versions.

Before there was a quality, refine settings had other defaults, which become those of today. Before splats had a version, their
size was changed by the worker, and is not to be changed again; and nobody knows whether they were edited.

Every setting is stored with splats, whether or not a person has chosen it; with a scene, only what was chosen.
"""

from __future__ import annotations

from typing import Any

import bpy
from bpy.app.handlers import persistent

from . import app_handlers
from .narrowing import group_of
from .scene import versions
from .scene.editable import is_editable
from .scene.splats import is_splats

DEFAULTS = {"exposure": False, "max_splats": 200_000}
STEPS = 500  # offered for splats that were not refined; a limit, if it stayed


@persistent
def adopt(*_: Any) -> None:
    """Forget the defaults of older versions in what came with a file; linked objects keep theirs, as changes are not saved."""
    for obj in filter(is_editable, bpy.data.objects):
        own, refine = group_of(obj), group_of(obj).refine
        if is_splats(obj) and own.session and not own.version:
            own.decode.property_unset("scale")
            versions.adopt(obj)
        if all(map(refine.is_property_set, DEFAULTS)) and not refine.is_property_set("quality"):
            _forget(refine)


def _forget(refine: Any) -> None:
    """Unset the settings that have the defaults of older versions."""
    for name, value in DEFAULTS.items():
        if getattr(refine, name) == value:
            refine.property_unset(name)
    if refine.steps == STEPS and not refine.passes and not refine.seconds:
        refine.property_unset("steps")
    refine.quality = refine.quality  # stored, so that what is chosen from now on stays


HANDLERS = [(name, adopt) for name in app_handlers.FILE_CAME]


def register() -> None:
    """Look at files from now on."""
    app_handlers.register(HANDLERS)


def unregister() -> None:
    """Take that back out."""
    app_handlers.unregister(HANDLERS)
