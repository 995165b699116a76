# SPDX-License-Identifier: GPL-3.0-or-later
"""Optimize splats against their photos."""

import bpy

from .. import properties
from ..engine import errors, kinds, settings
from ..jobs.scene_operators import SplatsOperator
from ..jobs.worker import Work


class TTTLRM_OT_refine(SplatsOperator, bpy.types.Operator):
    """Optimize the splats against their photos for a number of steps, passes or seconds"""

    bl_idname = "tttlrm.refine"
    bl_label = "Refine"

    kind = kinds.REFINE
    __annotations__ = properties.annotations(settings.RefineSettings)

    def collect(self, context: bpy.types.Context) -> Work:
        """Return the work. Raises `TttlrmError` if no budget is set."""
        work = super().collect(context)
        require_budget(work.settings)
        return work


def require_budget(wanted: settings.RefineSettings) -> None:
    """Raise `TttlrmError` if settings do not limit steps, passes or seconds."""
    if not wanted.wanted:
        raise errors.TttlrmError("Set a refinement budget.", hint="Set steps, passes or seconds.", code=errors.Code.BAD_SETTINGS)
