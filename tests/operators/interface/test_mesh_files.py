# SPDX-License-Identifier: GPL-3.0-or-later
"""The buttons of finished meshes: what Blender's exporters write with their settings, read back."""

from pathlib import Path

import bpy
import numpy as np
import pytest

from operators.engine import gaussians
from operators.interface.deliver import TTTLRM_PT_deliver
from operators.interface.mesh_files import EXPORTERS
from operators.scene.mesh import add_mesh
from operators.scene.mesh_images import make_images
from operators.scene.splats import add_splats
from tests.operators.interface.sheet import drawn

pytestmark = pytest.mark.usefixtures("registered")

READERS = {
    "glTF": (".glb", bpy.ops.import_scene.gltf),
    "USD": (".usdc", bpy.ops.wm.usd_import),
    "OBJ": (".obj", bpy.ops.wm.obj_import),
    "PLY": (".ply", bpy.ops.wm.ply_import),
    "STL": (".stl", bpy.ops.wm.stl_import),
}
CORNERS = np.float32([[0, 0, 1], [2, 0, 1], [0, 3, 1], [0, 0, 5]])  # 2 m wide, 3 m deep, 4 m high, 1 m above the ground
FACES = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [2, 0, 3]])
RED = (0.8, 0.2, 0.2)


@pytest.fixture
def mesh(tmp_path: Path) -> bpy.types.Object:
    """A mesh as the worker's, with a packed image, active and selected, and one that is not selected."""
    bpy.ops.wm.read_homefile(use_empty=True)
    image = bpy.data.images.new("red", 8, 8)
    image.pixels = [*RED, 1] * 64
    image.filepath_raw, image.file_format = str(tmp_path / "red.png"), "PNG"
    image.save()
    file = np.frombuffer((tmp_path / "red.png").read_bytes(), np.uint8)
    bpy.data.images.remove(image)
    uv = np.tile(np.float32([[0.1, 0.1], [0.9, 0.1], [0.1, 0.9]]), (4, 1, 1))
    colors = np.ones((4, 3), np.float32)
    made = [add_mesh(name, CORNERS, FACES, colors, None, uv, {"base_color": file}) for name in ("statue mesh", "other")]
    for obj in bpy.context.selected_objects:
        obj.select_set(False)
    bpy.context.view_layer.objects.active = made[0]
    made[0].select_set(True)
    return made[0]


@pytest.mark.parametrize("kind", EXPORTERS)
def test_what_is_exported_is_read_back_with_its_size_place_and_texture(kind, mesh, tmp_path):
    operator, own = EXPORTERS[kind]
    suffix, reader = READERS[kind]
    room, name = operator.split(".")
    file = tmp_path / "out" / f"statue{suffix}"
    file.parent.mkdir()
    assert getattr(getattr(bpy.ops, room), name)(filepath=str(file), **own) == {"FINISHED"}
    bpy.ops.wm.read_homefile(use_empty=True)
    assert reader(filepath=str(file)) == {"FINISHED"}
    (again,) = (obj for obj in bpy.data.objects if obj.type == "MESH")
    bpy.context.view_layer.update()
    places = np.array([again.matrix_world @ vertex.co for vertex in again.data.vertices])
    np.testing.assert_allclose([places.min(0), places.max(0)], [CORNERS.min(0), CORNERS.max(0)], atol=1e-4)
    if kind in ("glTF", "USD", "OBJ"):
        (material,) = again.data.materials
        image = next(node.image for node in material.node_tree.nodes if node.type == "TEX_IMAGE")
        np.testing.assert_allclose(image.pixels[:3], RED, atol=0.02)


def test_there_is_a_button_for_every_format_and_one_for_the_asset_browser(mesh):
    assert not TTTLRM_PT_deliver.poll(bpy.context), "there are no photos that the mesh may come from"
    splats = add_splats("statue", gaussians.allocate(2, 0))
    splats.tttlrm.session = "a scene"
    bpy.context.view_layer.objects.active = mesh
    assert TTTLRM_PT_deliver.poll(bpy.context)
    sheet = drawn(TTTLRM_PT_deliver)
    assert set(sheet.buttons) == {operator for operator, _ in EXPORTERS.values()} | {"asset.mark"}


def test_a_mesh_without_images_is_exported_as_obj_too(mesh, tmp_path):
    mesh.data.materials.clear()
    assert bpy.ops.tttlrm.export_obj(filepath=str(tmp_path / "plain.obj")) == {"FINISHED"}
    assert (tmp_path / "plain.obj").exists()


@pytest.mark.parametrize(("kind", "suffix"), [("TIFF", ".tif"), ("WEBP", ".webp"), ("JPEG", ".jpg")])
def test_packed_images_of_any_format_keep_it(kind, suffix, mesh, tmp_path):
    image = bpy.data.images.new(f"own{suffix}", 8, 8)
    image.filepath_raw, image.file_format = str(tmp_path / f"source{suffix}"), kind
    image.save()
    image.source = "FILE"
    image.pack()
    mesh.active_material.node_tree.nodes["base_color"].image = image
    assert bpy.ops.tttlrm.export_obj(filepath=str(tmp_path / "statue.obj")) == {"FINISHED"}
    assert (tmp_path / f"own{suffix}").read_bytes() == (tmp_path / f"source{suffix}").read_bytes()
    assert f"own{suffix}" in (tmp_path / "statue.mtl").read_text()


def test_every_tile_of_an_image_is_written(mesh, tmp_path):
    image = mesh.active_material.node_tree.nodes["base_color"].image
    file = np.frombuffer(image.packed_file.data, np.uint8)
    tiled = make_images("statue", {"base_color.1001": file, "base_color.1002": file})["base_color"]
    mesh.active_material.node_tree.nodes["base_color"].image = tiled
    assert bpy.ops.tttlrm.export_obj(filepath=str(tmp_path / "statue.obj")) == {"FINISHED"}
    for number in (1001, 1002):
        assert (tmp_path / f"statue base color.{number}.png").read_bytes() == file.tobytes()
    assert "statue base color.<UDIM>.png" in (tmp_path / "statue.mtl").read_text()


def test_exporting_leaves_the_images_as_they_were(mesh, tmp_path):
    image = mesh.active_material.node_tree.nodes["base_color"].image
    before = image.filepath_raw
    assert bpy.ops.tttlrm.export_obj(filepath=str(tmp_path / "statue.obj")) == {"FINISHED"}
    assert image.filepath_raw == before and image.packed_file
    with pytest.raises(RuntimeError, match="cannot be written"):
        bpy.ops.tttlrm.export_obj(filepath=str(tmp_path / "no folder" / "statue.obj"))
