# SPDX-License-Identifier: GPL-3.0-or-later
"""Decode presets, included with the extension or saved by the user, in a standard preset menu of Blender."""

from pathlib import Path

import bpy
from bl_ui.utils import PresetPanel

from ..narrowing import group_of
from ..older_settings import adopt_floaters

FOLDER = str(Path(__file__).parents[1])  # contains the folder `presets`


class TTTLRM_PT_decode_presets(PresetPanel, bpy.types.Panel):
    """The popover in the header of the decode settings."""

    bl_label = "Decode Presets"
    bl_description = "Decode presets: those included with tttLRM, and your own"
    preset_subdir = "tttlrm/decode"
    preset_operator = "script.execute_preset"
    preset_add_operator = "tttlrm.decode_preset"

    @staticmethod
    def post_cb(context: bpy.types.Context, filepath: str) -> None:
        """Blender calls this when a preset was applied: those of versions without fog are of another criterion for floaters."""
        lines = Path(filepath).read_text(encoding="utf-8")
        if "decode.floaters" in lines and "decode.fog" not in lines:
            adopt_floaters(group_of(context.object).decode)


def register() -> None:
    """Register the folder of the included presets."""
    bpy.utils.register_preset_path(FOLDER)


def unregister() -> None:
    """Unregister the folder."""
    bpy.utils.unregister_preset_path(FOLDER)
