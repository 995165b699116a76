# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats get a mesh."""

import bpy
import numpy as np

from tests.operators.installed import reconstructed

ops = bpy.ops.tttlrm


def test_a_mesh_stands_where_the_splats_stand(toy, photos):
    splats = reconstructed(photos)
    splats.parent.location = (1, 2, 3)
    bpy.context.view_layer.update()
    assert ops.mesh() == {"FINISHED"}
    bpy.context.view_layer.update()
    mesh = next(obj for obj in bpy.data.objects if obj.type == "MESH")
    assert len(mesh.data.polygons) == 1
    assert np.allclose(mesh.matrix_world, splats.matrix_world)
    assert mesh.users_collection == splats.users_collection
    assert mesh.visible_get() and not splats.visible_get()
