# SPDX-License-Identifier: GPL-3.0-or-later
"""A mesh from splats."""

import bpy

from ..engine import messages, settings
from ..interface import properties
from ..scene.mesh import add_mesh
from ..translations import told
from .kept import KeptSceneOperator


class TTTLRM_OT_mesh(KeptSceneOperator, bpy.types.Operator):
    """Make a mesh with vertex colours from the splats"""

    bl_idname = "tttlrm.mesh"
    bl_label = "Make Mesh"

    kind = "mesh"
    settings_type = settings.MeshSettings
    __annotations__ = properties.annotations(settings.MeshSettings)

    def finish(self, context: bpy.types.Context, done: messages.Done) -> None:
        """A new mesh object in the place of the splats."""
        splats = self.target()
        parts = (done.arrays[f"mesh.{part}"] for part in ("vertices", "faces", "colors"))
        mesh = add_mesh(f"{splats.name} mesh", *parts, splats.users_collection[0])
        mesh.parent = splats.parent
        mesh.matrix_world = splats.matrix_world
        self.report({"INFO"}, told("{:,} faces", len(mesh.data.polygons)))
