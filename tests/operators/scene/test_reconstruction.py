# SPDX-License-Identifier: GPL-3.0-or-later
"""What a job gives, as a collection in the scene."""

from io import BytesIO

import bpy
import numpy as np
import pytest
from PIL import Image

from operators.scene.cameras import look_through
from operators.scene.drawing import drawn_by_blender
from operators.scene.mesh import COLOR, add_mesh
from operators.scene.nodes import tree_of
from operators.scene.reconstruction import build_scene
from operators.scene.splats import is_splats
from tttlrm_blender.gaussians.gaussians import SH_DC, Gaussians
from tttlrm_blender.protocol.results import CameraTable, ReconstructResult, Surface

SIZE = (64, 48)
TETRAHEDRON = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=np.float32)
FACES = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]], dtype=np.int32)


@pytest.fixture(autouse=True)
def empty_scene():
    bpy.ops.wm.read_factory_settings(use_empty=True)


def red_splat(mean, scales, opacity):
    sh = (np.array([[[0.8, 0.1, 0.1]]]) - 0.5) / SH_DC
    arrays = {"means": [mean], "quats": [[1, 0, 0, 0]], "scales": [scales], "opacities": [opacity], "sh": sh}
    return as_splats(arrays)


def as_splats(arrays):
    return Gaussians(**{name: np.array(values, dtype=np.float32) for name, values in arrays.items()})


def seen_along_z(splats, mesh=None):
    """The result of a job, with one camera."""
    cameras = CameraTable(["front"], np.eye(4)[None], np.array([[60.0, 60.0, 30.0, 26.0]]), np.array([SIZE]))
    return ReconstructResult(splats, cameras, 1, {}, mesh=mesh)


def render(path, samples=16):
    """[H, W, 4] float, sRGB values and opacity."""
    scene = bpy.context.scene
    scene.render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", samples, False
    scene.render.film_transparent, scene.view_settings.view_transform = True, "Standard"
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(str(path))
    return np.array(image.pixels).reshape(SIZE[1], SIZE[0], 4)[::-1]


def test_a_red_splat_is_rendered_where_and_how_it_should_be(tmp_path):
    """Where Blender draws splats by itself they have no edge, and Cycles draws lots whether one stops a ray: it takes many."""
    mean, scales, opacity = np.array([0.1, 0.2, 3.0]), (0.4, 0.2, 0.1), 0.7
    samples, edge, noise = (256, np.inf, 0.12) if drawn_by_blender() else (16, 6, 0.06)
    collection = build_scene("red", seen_along_z(red_splat(mean, scales, opacity)), {})
    look_through(bpy.context.scene, next(obj for obj in collection.all_objects if obj.type == "CAMERA"), SIZE)
    picture = render(tmp_path / "red.png", samples)
    # 60 pixels of focal length at depth 3: 20 pixels to the unit.
    x, y = np.meshgrid(np.arange(SIZE[0]) + 0.5, np.arange(SIZE[1]) + 0.5)
    squared = ((x - 32) / (20 * scales[0])) ** 2 + ((y - 30) / (20 * scales[1])) ** 2
    expected = opacity * np.exp(-0.5 * squared) * (squared < edge)
    np.testing.assert_allclose(picture[..., 3], expected, atol=noise)
    assert abs(picture[..., 3] - expected).mean() < 0.006
    np.testing.assert_allclose(picture[30, 32, :3], [0.8, 0.1, 0.1], atol=0.03)


@pytest.mark.usefixtures("older_blender")
def test_splats_lie_behind_each_other_as_their_centres_do(tmp_path):
    """A large green one, slanting towards the camera on the right of its center, is behind a small red one there."""
    slanting = [np.cos(np.pi / 8), 0, np.sin(np.pi / 8), 0]  # by 45° about y
    arrays = {
        "means": [[0.3, 0, 3], [0, 0, 3.2]],
        "quats": [[1, 0, 0, 0], slanting],
        "scales": [[0.1, 0.1, 0.1], [0.8, 0.8, 0.1]],
        "opacities": [1, 1],
        "sh": (np.array([[[0.8, 0.1, 0.1]], [[0.1, 0.8, 0.1]]]) - 0.5) / SH_DC,
    }
    collection = build_scene("two", seen_along_z(as_splats(arrays)), {})
    look_through(bpy.context.scene, next(obj for obj in collection.all_objects if obj.type == "CAMERA"), SIZE)
    picture = render(tmp_path / "two.png")
    red, green, _ = picture[26, 36, :3]
    assert red > 0.7 and green < 0.35
    assert picture[26, 15, 1] > 0.7, "the green one is there"


def test_everything_arrives_in_one_collection(tmp_path):
    surface = Surface(TETRAHEDRON, FACES, np.zeros_like(TETRAHEDRON), glb=np.zeros(0, np.uint8))
    result = seen_along_z(red_splat([0, 0, 3], (1, 1, 1), 0.5), surface)
    collection = build_scene("thing", result, {}, upright=True)
    carrier = collection.objects["thing"]
    assert is_splats(collection.objects["thing splats"])
    mesh = collection.objects["thing mesh"]
    assert mesh.type == "MESH" and mesh.hide_get() and mesh.hide_render, "it would be drawn through the splats"
    assert [obj.type for obj in collection.children["thing cameras"].objects] == ["CAMERA"]
    assert {obj.parent for obj in collection.all_objects} == {None, carrier}
    bpy.context.view_layer.update()
    up = np.array(bpy.data.objects["front"].matrix_world)[:3, 1]
    np.testing.assert_allclose(up, [0, 0, 1], atol=1e-6)


def test_a_mesh_keeps_its_triangles_and_colours():
    colors = np.random.default_rng(0).uniform(size=(4, 3)).astype(np.float32)
    mesh = add_mesh("tetrahedron", TETRAHEDRON, FACES, colors).data
    assert not mesh.validate()
    assert [tuple(polygon.vertices) for polygon in mesh.polygons] == [tuple(face) for face in FACES.tolist()]
    assert len(mesh.edges) == 6
    seen = np.empty((4, 4), dtype=np.float32)
    mesh.color_attributes[COLOR].data.foreach_get("color_srgb", seen.ravel())
    np.testing.assert_allclose(seen[:, :3], colors, atol=0.5 / 255 + 1e-6)


def test_a_textured_mesh_is_rendered_in_the_colours_of_its_picture(tmp_path):
    corners = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], dtype=np.float32)
    faces = np.array([[0, 1, 2], [0, 2, 3]], dtype=np.int32)
    places = (corners[faces][..., :2] + 1) / 2
    picture = np.zeros((64, 64, 3), dtype=np.uint8)
    picture[:32, :32], picture[32:, 32:] = (200, 40, 40), (40, 40, 200)  # top left red, bottom right blue
    obj = add_mesh("square", corners, faces, np.ones((4, 3)), uv=places, textures={"base_color": jpeg(picture)})
    image = obj.active_material.node_tree.nodes["base_color"].image
    assert image.packed_file and tuple(image.size) == (64, 64) and image.colorspace_settings.name == "sRGB"
    np.testing.assert_array_equal([tuple(loop.uv) for loop in obj.data.uv_layers.active.data], places.reshape(-1, 2))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "square.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "square.blend"))
    scene = bpy.context.scene
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    scene.collection.objects.link(camera)
    camera.location, camera.data.type, camera.data.ortho_scale, scene.camera = (0, 0, 5), "ORTHO", 2, camera
    scene.world = bpy.data.worlds.new("white")
    tree_of(scene.world).nodes["Background"].inputs["Color"].default_value = (1, 1, 1, 1)
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = *SIZE, 100
    seen = render(tmp_path / "square.png")[..., :3] * 255  # 64 × 48: the square's middle
    np.testing.assert_allclose(seen[8, 16], [200, 40, 40], atol=12)
    np.testing.assert_allclose(seen[40, 48], [40, 40, 200], atol=12)
    np.testing.assert_allclose(seen[8, 48], 0, atol=12)


def jpeg(picture):
    file = BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=95, subsampling=0)
    return np.frombuffer(file.getvalue(), np.uint8)


def test_an_empty_mesh_is_possible():
    none = np.empty((0, 3))
    assert len(add_mesh("none", none, none, none).data.vertices) == 0
