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
    assert splats.hide_render and not mesh.hide_render, "a render shows what the view shows"


def test_all_that_is_made_stands_there_with_its_images(toy, photos):
    splats = reconstructed(photos)
    splats.parent.location = (1, 2, 3)
    bpy.context.view_layer.update()
    assert ops.mesh(lods=True, texture=16) == {"FINISHED"}
    bpy.context.view_layer.update()
    beside = splats.users_collection[0].children["statue mesh levels"]
    names = {"statue mesh LOD1", "statue mesh LOD2", "statue mesh collider"}
    assert set(beside.objects.keys()) == names
    for obj in beside.objects:
        assert not obj.visible_get() and obj.hide_render and np.allclose(obj.matrix_world, splats.matrix_world)
    material = bpy.data.objects["statue mesh"].active_material
    images = {node.name: node.image for node in material.node_tree.nodes if node.type == "TEX_IMAGE"}
    spaces = {name: image.colorspace_settings.name for name, image in images.items()}
    assert spaces == {"base_color": "sRGB", "normal_map": "Non-Color", "occlusion": "Non-Color"}
    linked = {link.from_node.name: link.to_socket.name for link in material.node_tree.links}
    assert linked["base_color"] == "Base Color" and linked["normal_map_reader"] == "Normal" and linked["occlusion"] == "Occlusion"
