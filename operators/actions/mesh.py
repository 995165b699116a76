# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a mesh from splats."""

import bpy
from mathutils import Matrix

from .. import properties
from ..engine import kinds, results, settings
from ..jobs.scene_operators import KeptSceneOperator
from ..narrowing import untyped
from ..scene.editable import editable_collection, takes_objects
from ..scene.mesh import add_surface
from ..scene.modes import leave_mode
from ..scene.reconstruction import mesh_name
from ..scene.splats import scene_matrix
from ..translations import told


class TTTLRM_OT_mesh(KeptSceneOperator, bpy.types.Operator):
    """Make a textured mesh from the splats"""

    bl_idname = "tttlrm.mesh"
    bl_label = "Make Mesh"

    kind = kinds.MESH
    __annotations__ = properties.annotations(settings.MeshSettings)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this. Linked splats will do, but not a linked scene."""
        return takes_objects(cls, context) and super().poll(context)

    def finish(self, context: bpy.types.Context, result: results.MeshResult) -> None:
        """Add a mesh object at the place of the splats, and hide the splats, as the two would overlap."""
        splats = self.target()
        seen = splats.visible_get()
        faces = place_mesh(splats, result)
        hidden = "{:,} faces; the splats are hidden, press Alt+H to show them"
        self.report({"INFO"}, told(hidden, faces) if seen else told("{:,} faces", faces))


def place_mesh(splats: bpy.types.Object, result: results.MeshResult) -> int:
    """Add the mesh of a result at the place of its splats and hide these, in renders too; return the number of faces."""
    leave_mode(splats)
    made = add_surface(mesh_name(splats.name), result.mesh, editable_collection(*splats.users_collection))
    for obj in made:
        obj.parent = splats.parent
        obj.matrix_world = Matrix(scene_matrix(splats).tolist())
    if splats.visible_get():
        splats.hide_set(True)
    splats.hide_render = True
    return len(untyped(made[0].data).polygons)
