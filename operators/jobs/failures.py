# SPDX-License-Identifier: GPL-3.0-or-later
"""Failures of the last jobs on kept scenes, shown in the panel of their splats.

They are not saved in files: on another machine, or later, the worker may have the scene.
"""

from __future__ import annotations

import bpy
from bpy.app.translations import pgettext_n

from ..engine import errors, messages
from ..narrowing import group_of
from ..translations import explained, shown

_failures: dict[str, messages.Failed] = {}  # by the scene's name on the worker
TEXTS: dict[str, str] = {  # by code, texts that replace those of errors, which do not mention objects and files
    errors.Code.NO_SCENE: pgettext_n(
        "The worker on this computer does not have this scene. Reconstruct it again to decode it with other settings. "
        "The splats are unchanged and can still be displayed, edited and exported."
    ),
}


def note(session: str, outcome: messages.Event) -> None:
    """Record the failure of a job, or clear it after a success."""
    if isinstance(outcome, messages.Failed):
        _failures[session] = outcome
    elif isinstance(outcome, messages.Done):
        _failures.pop(session, None)


def of(obj: bpy.types.Object) -> messages.Failed | None:
    """Return the failure of the last job on an object's scene, if it failed."""
    return _failures.get(group_of(obj).session)


def text(failure: messages.Failed) -> str:
    """Return the text of a failure for a panel."""
    return shown(TEXTS[failure.code]) if failure.code in TEXTS else explained(failure.error())
