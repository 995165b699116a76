# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos are baked onto a mesh of the artist's."""

from io import BytesIO

import bpy
import numpy as np
import pytest
from mathutils import Matrix

from tests.operators.installed import part, toy_splats

ops = bpy.ops.tttlrm


@pytest.fixture
def sent(monkeypatch) -> dict[str, np.ndarray]:
    """The mesh that the worker was given last."""
    worker, arrays = part("jobs.worker"), {}
    start = worker.start

    def noting(work):
        for content in work.files.values():
            if isinstance(content, bytes):
                arrays.update(np.load(BytesIO(content)))
        return start(work)

    monkeypatch.setattr(worker, "start", noting)
    return arrays


@pytest.fixture
def square(splats) -> bpy.types.Object:
    """A square of ±1 with a UV map, active; where the splats are that the scene is turned for."""
    return add_square(splats.matrix_world)


def add_square(place: Matrix) -> bpy.types.Object:
    bpy.ops.mesh.primitive_plane_add()
    bpy.context.object.matrix_world = place
    return bpy.context.object


def textures(obj: bpy.types.Object) -> dict[str, bpy.types.Image]:
    nodes = obj.data.materials[-1].node_tree.nodes
    return {node.name: node.image for node in nodes if node.type == "TEX_IMAGE"}


def test_a_mesh_gets_a_material_with_the_images(square, sent):
    square.tttlrm.bake.texture = 32
    assert ops.bake() == {"FINISHED"}
    (image,) = textures(square).values()
    assert image.packed_file and tuple(image.size) == (32, 32) and image.colorspace_settings.name == "sRGB"
    assert np.allclose(image.pixels[:3], np.array([200, 40, 40]) / 255, atol=0.02)
    tree = square.active_material.node_tree
    surface = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    assert surface.inputs["Base Color"].links[0].from_node.image == image and surface.inputs["Roughness"].default_value == 1
    assert tree.nodes["base_color"].inputs["Vector"].links[0].from_node.uv_map == "UVMap"
    assert np.shape(sent["faces"]) == (2, 3) and np.shape(sent["uv"]) == (2, 3, 2)
    np.testing.assert_allclose(sorted(sent["vertices"].tolist()), [[-1, -1, 0], [-1, 1, 0], [1, -1, 0], [1, 1, 0]], atol=1e-5)


def test_meshes_are_sent_with_their_modifiers_in_the_world_of_the_scene(square, splats, sent):
    splats.parent.matrix_world = Matrix.Translation((5, 0, 0)) @ Matrix.Rotation(1, 4, "X") @ Matrix.Diagonal((2, 2, 2, 1))
    bpy.context.view_layer.update()
    square.matrix_world = splats.matrix_world @ Matrix.Translation((0, 0, 3)) @ Matrix.Diagonal((-1, 1, 1, 1))
    square.modifiers.new("more", "SUBSURF").subdivision_type = "SIMPLE"
    bpy.ops.object.mode_set(mode="EDIT")
    assert ops.bake() == {"FINISHED"}
    assert len(sent["faces"]) == 8
    np.testing.assert_allclose(sent["vertices"].min(0), [-1, -1, 3], atol=1e-5)
    np.testing.assert_allclose(sent["vertices"].max(0), [1, 1, 3], atol=1e-5)
    a, b, c = np.moveaxis(sent["vertices"][sent["faces"]], 1, 0)
    assert (np.cross(b - a, c - a)[:, 2] > 0).all(), "they face as they are seen, though the object is mirrored"
    u = np.interp(sent["vertices"][sent["faces"]][..., 0], [-1, 1], [1, 0])
    np.testing.assert_allclose(sent["uv"][..., 0], u, atol=1e-5)


def test_the_next_baking_exchanges_images_and_leaves_the_rest(square):
    mine = bpy.data.materials.new("mine")
    square.data.materials.append(mine)
    assert ops.bake(texture=16) == {"FINISHED"}
    (first,) = textures(square).values()
    name = first.name
    square.data.materials[1].node_tree.nodes.new("ShaderNodeHueSaturation")
    square.data.uv_layers.new(name="second")
    square.data.uv_layers.active = square.data.uv_layers["second"]
    assert ops.bake(texture=64) == {"FINISHED"}
    assert square.data.materials[1].node_tree.nodes["base_color_uv"].uv_map == "second"
    (second,) = textures(square).values()
    assert tuple(second.size) == (64, 64) and second.name == name and len(bpy.data.images) == 2  # with the camera's
    assert list(square.data.materials) == [mine, square.data.materials[1]] and len(square.data.materials) == 2
    assert square.data.polygons[0].material_index == 1
    assert any(node.type == "HUE_SAT" for node in square.data.materials[1].node_tree.nodes)
    other = square.copy()
    other.data = square.data.copy()
    bpy.context.scene.collection.objects.link(other)
    assert ops.bake(texture=16) == {"FINISHED"}
    assert tuple(textures(other)["base_color"].size) == (64, 64), "a copy of the object keeps its own"


def test_a_dense_mesh_gives_normals(square, splats):
    dense = square.copy()
    bpy.context.scene.collection.objects.link(dense)
    square.tttlrm.bake.dense = dense
    assert ops.bake() == {"FINISHED"}
    images = textures(square)
    assert images["normal_map"].colorspace_settings.name == "Non-Color"
    normals = next(node for node in square.active_material.node_tree.nodes if node.type == "NORMAL_MAP")
    assert normals.outputs[0].links[0].to_socket.name == "Normal" and normals.uv_map == "UVMap"
    assert square.data.polygons[0].use_smooth
    square.tttlrm.bake.dense = None
    assert ops.bake() == {"FINISHED"}
    assert set(textures(square)) == {"base_color"}, "the normals were those of another mesh"


@pytest.mark.parametrize("packed", [True, False])
def test_uv_maps_may_have_several_tiles(square, tmp_path, packed):
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "work.blend"))
    bpy.context.object.data = two_triangles()
    assert ops.bake(packed=packed, image="png", texture=16) == {"FINISHED"}
    image = textures(bpy.context.object)["base_color"]
    assert image.source == "TILED" and [tile.number for tile in image.tiles] == [1001, 1012]
    assert len(image.packed_files) == (2 if packed else 0)
    folder = tmp_path / "work textures"
    names = [f"Plane base color.{tile}.png" for tile in (1001, 1012)]
    assert sorted(file.name for file in folder.glob("*")) == ([] if packed else names)


def two_triangles() -> bpy.types.Mesh:
    mesh = bpy.data.meshes.new("two")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 0)], [], [(0, 1, 2), (1, 3, 2)])
    uv = [(0.1, 0.1), (0.9, 0.1), (0.1, 0.9), (1.1, 1.1), (1.9, 1.1), (1.1, 1.9)]
    mesh.uv_layers.new(name="UVMap").data.foreach_set("uv", np.ravel(uv))
    return mesh


def test_images_are_written_beside_the_file_on_request(square, tmp_path):
    square.tttlrm.bake.packed = False
    with pytest.raises(RuntimeError, match="never saved"):
        ops.bake()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "work.blend"))
    for _ in range(2):
        assert ops.bake(texture=16) == {"FINISHED"}
    (image,) = textures(bpy.context.object).values()
    assert image.filepath == "//work textures/Plane base color.jpg" and not image.packed_file
    assert [file.name for file in (tmp_path / "work textures").iterdir()] == ["Plane base color.jpg"]


def test_the_scene_is_chosen_or_the_only_one(square, tmp_path):
    other = toy_splats(tmp_path / "vase")
    bpy.context.view_layer.objects.active = square
    other.select_set(False)
    assert not ops.bake.poll()
    square.tttlrm.bake.splats = other
    assert ops.bake.poll()
    square.tttlrm.bake.splats = None
    other.select_set(True)
    assert ops.bake.poll()
    other.select_set(False)
    square.parent = other.parent
    assert ops.bake.poll()


@pytest.mark.parametrize("lacking", ["mesh", "uv", "scene"])
def test_it_is_grayed_out_where_something_is_missing(square, splats, lacking: str):
    assert ops.bake.poll()
    if lacking == "mesh":
        bpy.context.view_layer.objects.active = splats
    if lacking == "uv":
        square.data.uv_layers.remove(square.data.uv_layers[0])
    if lacking == "scene":
        bpy.data.objects.remove(splats)
    assert not ops.bake.poll()


def test_a_mesh_whose_modifiers_leave_nothing_is_told(square):
    square.modifiers.new("none", "MASK").vertex_group = "none"
    square.vertex_groups.new(name="none")
    with pytest.raises(RuntimeError, match="has no faces"):
        ops.bake()


def test_normals_are_those_that_blender_shades_with():
    """What a normal map is made for: a cylinder has edges where other weights than Blender's give others."""
    mesh_room = pytest.importorskip("tttlrm_blender.mesh.mesh")
    bpy.ops.mesh.primitive_cylinder_add(vertices=7, depth=0.3)
    mesh = bpy.context.object.data
    mesh.calc_loop_triangles()
    points = np.array([vertex.co for vertex in mesh.vertices])
    faces = np.array([triangle.vertices for triangle in mesh.loop_triangles])
    made = mesh_room.vertex_normals(mesh_room.make_mesh(points, faces, np.ones_like(points)))
    np.testing.assert_allclose(made, [vertex.normal for vertex in mesh.vertices], atol=1e-5)
