# SPDX-License-Identifier: GPL-3.0-or-later
"""The extension as Blender knows it: its name, its preferences and its folder."""

from pathlib import Path
from typing import Any

import bpy

from .narrowing import given

ADDON = __package__.rpartition(".operators")[0]  # empty where the operators run from a checkout


def preferences() -> Any:
    """What a person has set; None where the extension is not installed."""
    addon = given(bpy.context.preferences).addons.get(ADDON) if ADDON else None
    return addon.preferences if addon else None


def folder() -> Path:
    """The folder that Blender gives the installed extension to write in."""
    return Path(bpy.utils.extension_path_user(ADDON, create=True))
