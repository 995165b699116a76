# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo's photos and its picture, small."""

import json

import bpy
import numpy as np
import pytest
from mathutils import Vector

from operators.scene.cameras import add_cameras
from operators.scene.mesh import add_mesh
from operators.scene.splats import add_splats
from tools.inside.demo import picture, suzanne
from tttlrm_blender.gaussians.gaussians import SH_DC, Gaussians
from tttlrm_blender.protocol.results import CameraTable

SIZE = (32, 24)


@pytest.fixture(autouse=True)
def empty_scene():
    bpy.ops.wm.read_factory_settings(use_empty=True)


def pixels(path):
    image = bpy.data.images.load(str(path))
    return np.array(image.pixels).reshape(image.size[1], image.size[0], 4)[::-1]


def test_suzanne_is_photographed_from_all_sides(tmp_path):
    suzanne.photograph(tmp_path, views=3, size=SIZE, samples=1)
    frames = json.loads((tmp_path / "transforms.json").read_text())["frames"]
    assert [frame["file_path"] for frame in frames] == ["images/00.png", "images/01.png", "images/02.png"]
    for frame in frames:
        pose = np.array(frame["transform_matrix"])
        assert (frame["w"], frame["h"]) == SIZE
        assert frame["fl_x"] == pytest.approx(suzanne.LENS / 36 * 32)
        # The middle of the picture is what the cameras are aimed at.
        np.testing.assert_allclose(pose[:3, 3] - suzanne.DISTANCE * pose[:3, 2], Vector(suzanne.AIM), atol=1e-5)
        assert pixels(tmp_path / frame["file_path"])[..., :3].std() > 0.05


def test_the_picture_shows_photo_splats_and_mesh(tmp_path):
    photo = bpy.data.images.new("photo", *SIZE)
    photo.pixels.foreach_set(np.tile(np.array([0.8, 0.2, 0.2, 1.0], dtype=np.float32), SIZE[0] * SIZE[1]))
    photo.filepath_raw, photo.file_format = str(tmp_path / "photo.png"), "PNG"
    photo.save()
    views = CameraTable(["photo.png"], np.eye(4)[None], np.array([[30.0, 30.0, 16.0, 12.0]]), np.array([SIZE]))
    cameras = add_cameras(views, {"photo.png": tmp_path / "photo.png"}, bpy.context.collection)
    # A red wall of a splat, and a green triangle that leaves the corners free.
    one = {"means": [[0, 0, 5]], "quats": [[1, 0, 0, 0]], "scales": [[50, 50, 0.1]], "opacities": [1]}
    sh = (np.array([[[0.8, 0.2, 0.2]]]) - 0.5) / SH_DC
    splats = add_splats(
        "splats", Gaussians(**{k: np.array(v, dtype=np.float32) for k, v in one.items()}, sh=sh.astype(np.float32))
    )
    corners = np.array([[-1, 1, 3], [1, 1, 3], [0, -1, 3]], dtype=np.float32)
    mesh = add_mesh("mesh", corners, np.array([[0, 1, 2]]), np.array([[0, 1, 0]] * 3, dtype=np.float32))
    psnr = picture.compare(cameras, splats, mesh, tmp_path / "demo.png")
    drawn = pixels(tmp_path / "demo.png")[..., :3]
    step, gap = SIZE[0] + picture.GAP, picture.GAP // 2
    assert drawn.shape == (SIZE[1] + picture.GAP, 3 * step, 3)
    middle = [drawn[gap + 12, gap + 16 + step * column] for column in range(3)]
    np.testing.assert_allclose(middle[0], [0.8, 0.2, 0.2], atol=0.01)
    np.testing.assert_allclose(middle[1], [0.8, 0.2, 0.2], atol=0.03)
    assert middle[2][1] > 0.5 and middle[2][[0, 2]].max() < 0.3
    np.testing.assert_allclose(drawn[gap, gap + 2 * step], 0, atol=0.01)
    assert psnr > 30
    assert sorted(path.name for path in tmp_path.iterdir()) == ["demo.png", "photo.png"]
