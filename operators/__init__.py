# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that runs inside Blender."""

import atexit
from typing import Any

import bpy

from . import older_settings, properties, translations
from .actions import (
    bake,
    check_worker,
    compare,
    control,
    decode,
    drop,
    edit,
    extend,
    files,
    mesh,
    own_settings,
    photo_list,
    reconstruct,
    reconstruct_again,
    refine,
    setup_worker,
    view_splats,
)
from .headless import command_line
from .interface import edit as edit_interface
from .interface import manual, menus, panel, preferences, presets, sharpness, status_bar, thumbnails
from .jobs import decode_queue, following, worker
from .narrowing import untyped
from .scene import look, older_files, preview, selection_dots
from .viewport import handlers, region_handles

CLASSES = (
    reconstruct.TTTLRM_OT_reconstruct,
    decode.TTTLRM_OT_decode,
    extend.TTTLRM_OT_extend,
    decode.TTTLRM_OT_decode_selected,
    *own_settings.CLASSES,
    reconstruct_again.TTTLRM_OT_reconstruct_again,
    refine.TTTLRM_OT_refine,
    mesh.TTTLRM_OT_mesh,
    bake.TTTLRM_OT_bake,
    *files.CLASSES,
    *edit.CLASSES,
    control.TTTLRM_OT_start_worker,
    control.TTTLRM_OT_stop_worker,
    control.TTTLRM_OT_cancel,
    check_worker.TTTLRM_OT_check_worker,
    setup_worker.TTTLRM_OT_setup_worker,
    *drop.CLASSES,
    *photo_list.CLASSES,
    view_splats.TTTLRM_OT_view_splats,
    *compare.CLASSES,
    preferences.TTTLRM_Preferences,
    presets.TTTLRM_PT_decode_presets,
    *panel.CLASSES,
    *edit_interface.CLASSES,
    *menus.CLASSES,
)

_commands: list[Any] = []  # handles of the commands added to Blender's command line


def register() -> None:
    """Add the operators, the panels, the preferences and the command to Blender."""
    translations.register()
    properties.register()
    for kind in CLASSES:
        bpy.utils.register_class(kind)
    files.add_menu_entries()
    menus.add_entries()
    view_splats.register()
    compare.register()
    manual.register()
    presets.register()
    preview.register()
    older_files.register()
    older_settings.register()
    following.register()
    decode_queue.register()
    look.register()
    status_bar.register()
    handlers.register()
    region_handles.register()
    selection_dots.start()
    _commands.append(untyped(bpy.utils).register_cli_command("tttlrm", command_line.main))
    atexit.register(worker.link.close)


def unregister() -> None:
    """Remove them from Blender, and stop the worker that it started."""
    bpy.utils.unregister_cli_command(_commands.pop())
    atexit.unregister(worker.link.close)
    following.unregister()
    worker.link.close()
    status_bar.unregister()
    selection_dots.stop()
    region_handles.unregister()
    manual.unregister()
    compare.unregister()
    view_splats.unregister()
    menus.remove_entries()
    look.unregister()
    decode_queue.unregister()
    older_settings.unregister()
    older_files.unregister()
    preview.unregister()
    presets.unregister()
    handlers.unregister()
    files.remove_menu_entries()
    for kind in reversed(CLASSES):
        bpy.utils.unregister_class(kind)
    properties.unregister()
    translations.unregister()
    sharpness.unregister()
    thumbnails.unregister()
