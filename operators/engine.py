# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's modules that run in Blender. Other modules import them only from here.

In an installed extension the engine is a subpackage of the extension; in a checkout, and for the type checker, it is a
top-level package beside `operators`. A test keeps the two lists equal.
"""

from typing import TYPE_CHECKING

INSTALLED = "." in __package__  # "bl_ext.user_default.tttlrm.operators", not "operators"

if TYPE_CHECKING or not INSTALLED:
    from tttlrm_blender import atomic_files as files
    from tttlrm_blender import client, errors, photo_files, setup, sharpness, stages
    from tttlrm_blender.commands import options
    from tttlrm_blender.gaussians import clean, drawing, gaussians, ground, look, select, transform
    from tttlrm_blender.gaussians.formats import morton
    from tttlrm_blender.gaussians.formats import registry as splat_files
    from tttlrm_blender.geometry import cameras
    from tttlrm_blender.outlook import expected, paces
    from tttlrm_blender.outlook import words as outlook_words
    from tttlrm_blender.poses import camera_writers
    from tttlrm_blender.protocol import fields, kinds, messages, results, settings, settings_json, start
else:
    from ..tttlrm_blender import atomic_files as files
    from ..tttlrm_blender import client, errors, photo_files, setup, sharpness, stages
    from ..tttlrm_blender.commands import options
    from ..tttlrm_blender.gaussians import clean, drawing, gaussians, ground, look, select, transform
    from ..tttlrm_blender.gaussians.formats import morton
    from ..tttlrm_blender.gaussians.formats import registry as splat_files
    from ..tttlrm_blender.geometry import cameras
    from ..tttlrm_blender.outlook import expected, paces
    from ..tttlrm_blender.outlook import words as outlook_words
    from ..tttlrm_blender.poses import camera_writers
    from ..tttlrm_blender.protocol import fields, kinds, messages, results, settings, settings_json, start
