# SPDX-License-Identifier: GPL-3.0-or-later
"""A mesh from splats."""

import bpy

from .. import properties
from ..engine import kinds, results, settings
from ..given import untyped
from ..jobs.scene_operators import KeptSceneOperator
from ..scene.mesh import add_surface
from ..translations import told


class TTTLRM_OT_mesh(KeptSceneOperator, bpy.types.Operator):
    """Make a textured mesh from the splats"""

    bl_idname = "tttlrm.mesh"
    bl_label = "Make Mesh"

    kind = kinds.MESH
    __annotations__ = properties.annotations(settings.MeshSettings)

    def finish(self, context: bpy.types.Context, result: results.MeshResult) -> None:
        """A new mesh object in the place of the splats, which are hidden: both at once look like neither."""
        splats = self.target()
        mesh = add_surface(f"{splats.name} mesh", result.mesh, splats.users_collection[0])
        mesh.parent = splats.parent
        mesh.matrix_world = splats.matrix_world
        faces = len(untyped(mesh.data).polygons)
        if splats.visible_get():
            splats.hide_set(True)
            self.report({"INFO"}, told("{:,} faces; the object of the splats is hidden, Alt+H shows it", faces))
        else:
            self.report({"INFO"}, told("{:,} faces", faces))
