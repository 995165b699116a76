# SPDX-License-Identifier: GPL-3.0-or-later
"""Optimize splats against their photos."""

import bpy

from .. import properties
from ..engine import errors, kinds, settings
from ..jobs.scene_operators import SplatsOperator
from ..jobs.worker import Work


class TTTLRM_OT_refine(SplatsOperator, bpy.types.Operator):
    """Optimize the splats against their photos until they stop improving, or for some steps, passes or seconds"""

    bl_idname = "tttlrm.refine"
    bl_label = "Refine"

    kind = kinds.REFINE
    __annotations__ = properties.annotations(settings.RefineSettings)

    def collect(self, context: bpy.types.Context) -> Work:
        """Return the work. Raises `TttlrmError` for the quality Draft, which is without refinement."""
        work = super().collect(context)
        require_budget(work.settings)
        return work


def require_budget(wanted: settings.RefineSettings) -> None:
    """Raise `TttlrmError` if settings ask for no refinement."""
    if not wanted.wanted:
        hint = "Choose Good or Best, or set steps, passes or seconds."
        raise errors.TttlrmError("Splats of the quality Draft are not refined.", hint=hint, code=errors.Code.BAD_SETTINGS)
