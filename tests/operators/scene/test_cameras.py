# SPDX-License-Identifier: GPL-3.0-or-later
"""Cameras as Blender's, and back."""

import json

import bpy
import numpy as np
import pytest
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Matrix, Vector

from operators.scene import conversion
from operators.scene.cameras import add_cameras, background_photo, look_through, photo_set, pictures
from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.protocol.results import CameraTable


@pytest.fixture(autouse=True)
def empty_scene():
    bpy.ops.wm.read_factory_settings(use_empty=True)


def write_photo(path, width, height):
    image = bpy.data.images.new(path.stem, width, height)
    image.filepath_raw, image.file_format = str(path), "PNG"
    image.save()
    bpy.data.images.remove(image)
    return path


def random_pose(rng):
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = turn * np.linalg.det(turn), rng.normal(size=3)
    return pose


def one_view(name, intrinsics, size, c2w):
    return CameraTable([name], c2w[None], np.array([intrinsics]), np.array([size]))


@pytest.mark.parametrize(
    "intrinsics, size",
    [
        ([300.0, 300.0, 160.0, 120.0], [320, 240]),
        ([300.0, 310.0, 150.0, 130.0], [320, 240]),
        ([400.0, 380.0, 110.0, 170.0], [240, 320]),
    ],
)
@pytest.mark.parametrize("photo_size", [None, (320, 240), (600, 300), (300, 600)])
def test_blender_projects_points_where_the_intrinsics_do(tmp_path, intrinsics, size, photo_size):
    rng = np.random.default_rng(1)
    c2w = random_pose(rng)
    photos = {"a": write_photo(tmp_path / "a.png", *photo_size)} if photo_size else {}
    (camera,) = add_cameras(one_view("a", intrinsics, size, c2w), photos, bpy.context.collection)
    look_through(bpy.context.scene, camera, tuple(size))
    bpy.context.view_layer.update()
    fx, fy, cx, cy = intrinsics
    for point in rng.uniform([-1, -1, 2], [1, 1, 5], (20, 3)):
        world = (c2w @ [*point, 1])[:3]
        x, y, depth = world_to_camera_view(bpy.context.scene, camera, Vector(world))
        expected = [fx * point[0] / point[2] + cx, fy * point[1] / point[2] + cy, point[2]]
        np.testing.assert_allclose([x * size[0], (1 - y) * size[1], depth], expected, atol=2e-3)


@pytest.mark.parametrize("spread", [0.0, 0.5, 30.0])
def test_cameras_are_drawn_small_beside_their_scene(spread):
    pose = np.eye(4)
    poses = [pose + np.outer([x, y, 0, 0], [0, 0, 0, 1]) * spread for x, y in ((5, 0), (7, 0), (6, 1), (6, -1))]
    views = CameraTable(list("abcd"), np.array(poses), np.array([[30.0, 30.0, 16.0, 12.0]] * 4), np.array([[32, 24]] * 4))
    cameras = add_cameras(views, {}, bpy.context.collection)
    wanted = 0.08 * spread if spread else bpy.data.cameras.new("own").display_size
    np.testing.assert_allclose([camera.data.display_size for camera in cameras], wanted, rtol=1e-4)


@pytest.mark.parametrize("fit", ["HORIZONTAL", "VERTICAL"])
def test_lens_and_intrinsics_are_inverses(fit):
    intrinsics, size = np.array([410.0, 390.0, 170.0, 100.0]), (320, 240)
    lens = conversion.lens(intrinsics, size, fit)
    shift = (lens.shift_x, lens.shift_y)
    again = conversion.intrinsics(lens.length, conversion.SENSOR, shift, size, fit, lens.pixel_aspect)
    np.testing.assert_allclose(again, intrinsics)


def test_cameras_become_a_photo_set_again(tmp_path):
    """Photos of another shape than the pictures were cropped to fill them: theirs are the intrinsics in the photo set."""
    rng = np.random.default_rng(2)
    poses = [random_pose(rng) for _ in range(2)]
    photos = {"wide.png": write_photo(tmp_path / "wide.png", 640, 240), "tall.png": write_photo(tmp_path / "tall.png", 160, 480)}
    intrinsics = [[300.0, 290.0, 70.0, 60.0], [310.0, 310.0, 80.0, 50.0]]
    originals = np.array([[640, 240], [160, 480]])
    views = CameraTable(list(photos), np.array(poses), np.array(intrinsics), np.array([[160, 120]] * 2), originals)
    cameras = add_cameras(views, photos, bpy.context.collection)
    files = photo_set(cameras)
    assert files["images/wide.png"] == photos["wide.png"]
    wide, tall = json.loads(files["transforms.json"])["frames"]
    # The wide photo is twice as high as its picture and loses 160 pixels on either side; the tall one 180 at the top.
    assert [wide["w"], wide["h"]] == [640, 240]
    np.testing.assert_allclose([wide[k] for k in ("fl_x", "fl_y", "cx", "cy")], [600, 580, 140 + 160, 120], rtol=1e-5)
    np.testing.assert_allclose([tall[k] for k in ("fl_x", "fl_y", "cx", "cy")], [310, 310, 80, 50 + 180], rtol=1e-5)
    for frame, pose in zip((wide, tall), poses, strict=True):
        np.testing.assert_allclose(np.array(frame["transform_matrix"]) @ np.diag([1, -1, -1, 1]), pose, atol=1e-6)


def test_a_scaled_camera_keeps_its_pose(tmp_path):
    pose = random_pose(np.random.default_rng(3))
    photos = {"a.png": write_photo(tmp_path / "a.png", 32, 24)}
    (camera,) = add_cameras(one_view("a.png", [30.0, 30.0, 16.0, 12.0], [32, 24], pose), photos, bpy.context.collection)
    camera.scale = (3, 3, 3)
    (frame,) = json.loads(photo_set([camera])["transforms.json"])["frames"]
    np.testing.assert_allclose(np.array(frame["transform_matrix"]) @ np.diag([1, -1, -1, 1]), pose, atol=1e-6)


@pytest.mark.parametrize("place", [float("nan"), float("inf")])
def test_a_camera_that_stands_nowhere_is_named(tmp_path, place):
    photos = {"a.png": write_photo(tmp_path / "a.png", 32, 24)}
    (camera,) = add_cameras(one_view("a.png", [30.0, 30.0, 16.0, 12.0], [32, 24], np.eye(4)), photos, bpy.context.collection)
    camera.matrix_world = Matrix.Translation((place, 0, 0))
    with pytest.raises(TttlrmError, match="position of the camera “a” is not a number"):
        photo_set([camera])


@pytest.mark.parametrize("scale", [(-1, 1, 1), (0, 0, 0)])
def test_splats_without_a_space_for_cameras_are_named(registered, tmp_path, scale):
    photos = {"a.png": write_photo(tmp_path / "a.png", 32, 24)}
    (camera,) = add_cameras(one_view("a.png", [30.0, 30.0, 16.0, 12.0], [32, 24], np.eye(4)), photos, bpy.context.collection)
    splats = bpy.data.objects.new("splats", None)
    bpy.context.collection.objects.link(splats)
    splats.scale = scale
    with pytest.raises(TttlrmError, match="The object “splats” is mirrored or scaled to zero"):
        pictures([camera], within=splats)


@pytest.mark.parametrize("aspect", ["x", 0.0, -1.0, float("nan"), [1.0, 2.0]])
def test_a_pixel_aspect_that_makes_no_sense_is_ignored(tmp_path, aspect):
    photos = {"a.png": write_photo(tmp_path / "a.png", 32, 24)}
    (camera,) = add_cameras(one_view("a.png", [30.0, 30.0, 16.0, 12.0], [32, 24], np.eye(4)), photos, bpy.context.collection)
    camera.data["pixel_aspect"] = aspect
    (frame,) = json.loads(photo_set([camera])["transforms.json"])["frames"]
    np.testing.assert_allclose([frame["fl_x"], frame["fl_y"]], [30, 30], rtol=1e-5)


def test_blenders_own_camera_gives_its_field_of_view(tmp_path):
    data = bpy.data.cameras.new("camera")
    data.angle = np.radians(90)
    data.background_images.new().image = bpy.data.images.load(str(write_photo(tmp_path / "a.png", 200, 100)))
    camera = bpy.data.objects.new("camera", data)
    bpy.context.collection.objects.link(camera)
    (frame,) = json.loads(photo_set([camera])["transforms.json"])["frames"]
    np.testing.assert_allclose([frame[k] for k in ("fl_x", "fl_y", "cx", "cy")], [100, 100, 100, 50], rtol=1e-5)


def test_photos_without_cameras_come_without_poses(tmp_path):
    empties = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        empty = bpy.data.objects.new(folder, None)
        empty.empty_display_type = "IMAGE"
        empty.data = bpy.data.images.load(str(write_photo(tmp_path / folder / "x.png", 8, 8)))
        empties.append(empty)
    files = photo_set([*empties, bpy.data.objects.new("other", None)])
    assert files == {"images/x.png": tmp_path / "a" / "x.png", "images/x_2.png": tmp_path / "b" / "x.png"}


def test_packed_photos_are_sent_as_bytes(tmp_path):
    path = write_photo(tmp_path / "a.png", 8, 8)
    content = path.read_bytes()
    empty = bpy.data.objects.new("a", None)
    empty.empty_display_type = "IMAGE"
    empty.data = bpy.data.images.load(str(path))
    empty.data.pack()
    path.unlink()
    assert photo_set([empty]) == {"images/a.png": content}


def test_a_photo_that_is_gone_is_named(tmp_path):
    empty = bpy.data.objects.new("a", None)
    empty.empty_display_type = "IMAGE"
    empty.data = bpy.data.images.load(str(write_photo(tmp_path / "a.png", 8, 8)))
    (tmp_path / "a.png").unlink()
    assert background_photo(empty) is empty.data
    with pytest.raises(TttlrmError, match=r"a\.png") as caught:
        photo_set([empty])
    assert caught.value.code == "bad_photo"


@pytest.mark.parametrize("up", [(0, 0, 1), (0, 0, -1), (0.6, 0.0, 0.8), (1, 0, 0), (0, -1, 0)])
def test_upright_turns_the_mean_up_of_the_cameras_to_z(up):
    c2w = np.tile(np.eye(4), (3, 1, 1))
    c2w[:, :3, 1] = -np.array(up)
    matrix = conversion.upright(c2w)
    np.testing.assert_allclose(matrix[:3, :3] @ up, [0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(matrix[:3, :3] @ matrix[:3, :3].T, np.eye(3), atol=1e-12)
    assert np.linalg.det(matrix) == pytest.approx(1)
