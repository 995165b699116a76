# SPDX-License-Identifier: GPL-3.0-or-later
"""Why the last job on a kept scene came to nothing, for the panel of its splats to tell.

It is known as long as Blender runs, and is no part of a file: elsewhere, or tomorrow, the worker may have the scene.
"""

from __future__ import annotations

import bpy
from bpy.app.translations import pgettext_n

from ..engine import errors, messages
from ..narrowing import group_of
from ..translations import explained, shown

_failures: dict[str, messages.Failed] = {}  # by the scene's name on the worker
TELLING: dict[str, str] = {  # by code, what to say in place of an error's own words, which do not know about objects and files
    errors.Code.NO_SCENE: pgettext_n(
        "The worker on this computer does not have this scene. Reconstruct it again to decode it with other settings. "
        "The splats are unchanged and can still be displayed, edited and exported."
    ),
}


def note(session: str, outcome: messages.Event) -> None:
    """Remember a failure, or forget it after a success."""
    if isinstance(outcome, messages.Failed):
        _failures[session] = outcome
    elif isinstance(outcome, messages.Done):
        _failures.pop(session, None)


def of(obj: bpy.types.Object) -> messages.Failed | None:
    """What stands between an object and its scene, if anything is known to."""
    return _failures.get(group_of(obj).session)


def text(failure: messages.Failed) -> str:
    """The failure in words for a panel."""
    return shown(TELLING[failure.code]) if failure.code in TELLING else explained(failure.error())
