# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting an operator that gives the worker a job, from another operator or from a timer.

In a window only an operator hears of Esc while a job runs, and only Blender makes operators: functions cannot do without it here.
What keeps a job from being done is handed over as the error that it is, not as Blender's text of a report.
"""

from __future__ import annotations

import bpy

from ..engine import errors
from ..mixins import Outcome
from ..narrowing import untyped
from . import activity

failure: errors.TttlrmError | None = None  # of the job operator that failed last, since one was started here


def start_operator(operator: str, /, **arguments: object) -> Outcome:
    """What an operator of ours gives, called as if a person had. Raises `TttlrmError` where it fails or another job runs."""
    global failure
    if activity.current:
        hint = "Wait for it to finish, or press Esc to stop it."
        raise errors.TttlrmError("Another job is still running.", hint=hint, code=errors.Code.BUSY)
    failure = None
    try:
        return getattr(untyped(bpy.ops).tttlrm, operator)("INVOKE_DEFAULT", **arguments)
    except RuntimeError as error:
        if failure is None:  # a fault of ours, not of what was asked for
            raise
        raise failure from error
