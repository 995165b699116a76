# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that runs inside Blender."""

import atexit

import bpy

from . import worker
from .actions import control, decode, files, job, mesh, reconstruct, refine, setup
from .interface import panel, preferences, properties

CLASSES = (
    reconstruct.TTTLRM_OT_reconstruct,
    decode.TTTLRM_OT_decode,
    refine.TTTLRM_OT_refine,
    mesh.TTTLRM_OT_mesh,
    files.TTTLRM_OT_import_splats,
    files.TTTLRM_OT_export_splats,
    files.TTTLRM_FH_splats,
    control.TTTLRM_OT_start_worker,
    control.TTTLRM_OT_stop_worker,
    control.TTTLRM_OT_cancel,
    setup.TTTLRM_OT_setup_worker,
    preferences.TTTLRM_Preferences,
    *panel.CLASSES,
)


_commands = []  # handles of what was added to Blender's command line


def _command(arguments: list[str]) -> int:
    from .command_line import main  # not before: `python -m operators.command_line` runs that file itself

    return main(arguments)


def register() -> None:
    """Add the operators, the panels, the preferences and the command to Blender."""
    properties.register()
    for kind in CLASSES:
        bpy.utils.register_class(kind)
    files.add_menu_entries()
    for changes in (bpy.app.handlers.undo_post, bpy.app.handlers.redo_post):
        changes.append(job.remove_strays)
    _commands.append(bpy.utils.register_cli_command("tttlrm", _command))
    atexit.register(worker.link.close)


def unregister() -> None:
    """Take them back out, and stop the worker that was started."""
    bpy.utils.unregister_cli_command(_commands.pop())
    atexit.unregister(worker.link.close)
    worker.link.close()
    for changes in (bpy.app.handlers.undo_post, bpy.app.handlers.redo_post):
        changes.remove(job.remove_strays)
    files.remove_menu_entries()
    for kind in reversed(CLASSES):
        bpy.utils.unregister_class(kind)
    properties.unregister()
