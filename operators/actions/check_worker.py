# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the worker's installation."""

from __future__ import annotations

import sys

import bpy
from bpy.app.translations import pgettext_tip

from ..engine import client, errors, setup
from ..jobs.chosen_worker import chosen_worker
from ..jobs.job_operator import JobOperator
from ..jobs.worker import link, require_python
from ..narrowing import given
from ..translations import shown


class TTTLRM_OT_check_worker(JobOperator, bpy.types.Operator):
    """Report the versions, devices and packages of the worker's Python, and reconstruct a small test scene"""

    bl_idname = "tttlrm.check_worker"
    bl_label = "Check Worker"
    bl_options = set()  # nothing to undo

    @classmethod
    def description(cls, context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        """Blender calls this: add why nothing better draws, where that is known."""
        what, drawing = pgettext_tip(cls.__doc__ or ""), link.drawing
        return shown("{}.\n{}", what, drawing.why).removesuffix(".") if drawing and drawing.why else what

    def submit(self, context: bpy.types.Context) -> client.Job:
        """Start the check. Raises `TttlrmError` for a worker that Blender did not start, as its Python is out of reach."""
        chosen = chosen_worker()
        if not chosen.launched:
            raise errors.TttlrmError(
                "Blender did not start the worker on {} and cannot check its Python.",
                chosen.host,
                hint="Run “tttlrm doctor” on that machine.",
                code=errors.Code.OUT_OF_REACH,
            )
        require_python(chosen)
        return setup.Checkup(chosen.python or sys.executable)

    def finish(self, context: bpy.types.Context, result: setup.CheckupResult) -> None:
        """Show the report in a popup and in the Info editor, where it can be copied."""
        self.report({"INFO"} if result.well else {"WARNING"}, "\n".join(result.lines))
        if not bpy.app.background:
            title = shown("Worker check passed") if result.well else shown("Worker check failed")
            given(context.window_manager).popup_menu(lambda popup, _: _draw(popup.layout, result.lines), title=title)


def _draw(layout: bpy.types.UILayout, lines: list[str]) -> None:
    """Draw the report without the padding that aligns it in a monospaced font."""
    page = layout.column(align=True)
    for line in lines:
        name, _, fact = line.partition(" ")
        page.label(text=f"{name}  {fact.strip()}", translate=False)
