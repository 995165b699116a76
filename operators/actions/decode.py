# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats anew from the scene that the worker has kept, without reading the photos again."""

import bpy

from ..engine import settings
from ..interface import properties
from .kept import SplatsOperator


class TTTLRM_OT_decode(SplatsOperator, bpy.types.Operator):
    """Make the splats anew with this object's own settings; the photos are not read again"""

    bl_idname = "tttlrm.decode"
    bl_label = "Decode Again"

    kind = "decode"
    settings_type = settings.DecodeSettings
    __annotations__ = properties.annotations(settings.DecodeSettings)
