# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that runs inside Blender."""

import atexit

import bpy

from . import worker
from .actions import control, decode, files, mesh, reconstruct, refine
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
    preferences.TTTLRM_Preferences,
    *panel.CLASSES,
)


def register() -> None:
    """Add the operators, the panels, the preferences and the command to Blender."""
    properties.register()
    for kind in CLASSES:
        bpy.utils.register_class(kind)
    files.add_menu_entries()
    atexit.register(worker.link.close)


def unregister() -> None:
    """Take them back out, and stop the worker that was started."""
    atexit.unregister(worker.link.close)
    worker.link.close()
    files.remove_menu_entries()
    for kind in reversed(CLASSES):
        bpy.utils.unregister_class(kind)
    properties.unregister()
