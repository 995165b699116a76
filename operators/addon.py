# SPDX-License-Identifier: GPL-3.0-or-later
"""The extension's name, preferences and folder in Blender."""

from pathlib import Path
from typing import Any

import bpy

from .narrowing import given

ADDON = __package__.rpartition(".operators")[0]  # empty when the operators run from a checkout


def preferences() -> Any:
    """Return the extension's preferences; None if it is not installed."""
    addon = given(bpy.context.preferences).addons.get(ADDON) if ADDON else None
    return addon.preferences if addon else None


def folder() -> Path:
    """Return the folder in which the installed extension may write."""
    return Path(bpy.utils.extension_path_user(ADDON, create=True))
