# SPDX-License-Identifier: GPL-3.0-or-later
"""Decode settings by name: those that come with the extension and a person's own, in Blender's own preset menu."""

from pathlib import Path

import bpy
from bl_ui.utils import PresetPanel

FOLDER = str(Path(__file__).parents[1])  # has the folder `presets`


class TTTLRM_PT_decode_presets(PresetPanel, bpy.types.Panel):
    """What the button in the header of the decode settings opens."""

    bl_label = "Decode Presets"
    bl_description = "Decode presets: those included with tttLRM, and your own"
    preset_subdir = "tttlrm/decode"
    preset_operator = "script.execute_preset"
    preset_add_operator = "tttlrm.decode_preset"


def register() -> None:
    """Let Blender find the presets that come with the extension."""
    bpy.utils.register_preset_path(FOLDER)


def unregister() -> None:
    """Take that back out."""
    bpy.utils.unregister_preset_path(FOLDER)
