# SPDX-License-Identifier: GPL-3.0-or-later
"""Start a job operator from another operator or from a timer.

Only Blender creates operators; so a function cannot replace them here. A failure is passed on as the original error, not as the
text of Blender's report.
"""

from __future__ import annotations

import bpy

from ..engine import errors
from ..mixins import Outcome
from ..narrowing import untyped
from . import activity

failure: errors.TttlrmError | None = None  # of the last job operator that failed since one was started here


def start_operator(operator: str, /, **arguments: object) -> Outcome:
    """Invoke one of tttLRM's operators and return its result. Raises `TttlrmError` if it fails or another job is running."""
    global failure
    if activity.current:
        hint = "Wait for it to finish, or stop it in the panel."
        raise errors.TttlrmError("Another job is still running.", hint=hint, code=errors.Code.BUSY)
    failure = None
    try:
        return getattr(untyped(bpy.ops).tttlrm, operator)("INVOKE_DEFAULT", **arguments)
    except RuntimeError as error:
        if failure is None:  # a bug, not an error of the job
            raise
        raise failure from error
