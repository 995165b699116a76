# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of splats that are dropped into the 3D view."""

import bpy

from ...engine import splat_files


class TTTLRM_FH_splats(bpy.types.FileHandler):
    """Files that are dropped into the 3D view."""

    bl_idname = "TTTLRM_FH_splats"
    bl_label = "Gaussian Splats"
    bl_import_operator = "tttlrm.import_splats"
    bl_file_extensions = ";".join(splat_files.SUFFIXES)

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        return context.area is not None and context.area.type == "VIEW_3D"
