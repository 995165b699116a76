# SPDX-License-Identifier: GPL-3.0-or-later
"""Splat files dropped into the 3D viewport."""

import bpy

from ...engine import splat_files


class TTTLRM_FH_splats(bpy.types.FileHandler):
    """Accept dropped splat files in the 3D viewport."""

    bl_idname = "TTTLRM_FH_splats"
    bl_label = "Gaussian Splats"
    bl_import_operator = "tttlrm.import_splats"
    bl_file_extensions = ";".join(splat_files.SUFFIXES)

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        return context.area is not None and context.area.type == "VIEW_3D"
