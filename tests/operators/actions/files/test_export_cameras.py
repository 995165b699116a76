# SPDX-License-Identifier: GPL-3.0-or-later
"""Cameras go into files."""

from pathlib import Path

import bpy
import numpy as np
import pytest
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Vector

from tests.operators.actions.files.splats import UPRIGHT
from tttlrm_blender.poses.camera_files import read_cameras

ops = bpy.ops.tttlrm


def add_camera(name: str, seed: int, photo: Path | None = None) -> bpy.types.Object:
    random = np.random.default_rng(seed)
    data = bpy.data.cameras.new(name)
    data.lens, data.shift_x, data.shift_y = random.uniform(20, 80), *random.uniform(-0.1, 0.1, 2)
    if photo:
        data.background_images.new().image = bpy.data.images.load(str(photo))
    camera = bpy.data.objects.new(name, data)
    bpy.context.collection.objects.link(camera)
    camera.location, camera.rotation_euler, camera.scale = random.normal(size=3), random.normal(size=3), (2, 2, 2)
    return camera


@pytest.fixture
def cameras(tmp_path):
    """One with a photo, one that sees what the scene renders."""
    image = bpy.data.images.new("photo", 64, 48)
    image.filepath_raw, image.file_format = str(tmp_path / "photo one.png"), "PNG"
    image.save()
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = 200, 120, 50
    return [add_camera("a", 1, tmp_path / "photo one.png"), add_camera("b", 2)]


def projected(camera: bpy.types.Object, size: tuple[int, int], point: np.ndarray) -> np.ndarray:
    """Where Blender shows a point of its world, in pixels from the top left."""
    bpy.context.scene.render.resolution_x, bpy.context.scene.render.resolution_y = size
    x, y, _ = world_to_camera_view(bpy.context.scene, camera, Vector(point))
    return np.array([x * size[0], (1 - y) * size[1]])


@pytest.mark.parametrize(("up", "turn"), [("Z", np.eye(4)), ("NEGATIVE_Y", UPRIGHT.T)])
def test_exported_cameras_project_as_blenders_do(tmp_path, cameras, up, turn):
    assert ops.export_cameras(filepath=str(tmp_path / "transforms.json"), up_axis=up) == {"FINISHED"}
    names, read = read_cameras(tmp_path / "transforms.json")
    assert names == ["photo one.png", "b.png"] and read.sizes.tolist() == [[64, 48], [100, 60]]
    for camera, c2w, (fx, fy, cx, cy), size in zip(cameras, read.c2w, read.intrinsics, read.sizes, strict=True):
        for point in np.random.default_rng(0).uniform([-1, -1, 2], [1, 1, 4], (5, 3)):
            world = np.linalg.inv(turn) @ c2w @ [*point, 1]
            expected = [fx * point[0] / point[2] + cx, fy * point[1] / point[2] + cy]
            np.testing.assert_allclose(projected(camera, tuple(map(int, size)), world[:3]), expected, atol=2e-3)


def test_cameras_for_colmap(tmp_path, cameras):
    """What is in the files; tests/photos reads them back."""
    cameras[1].select_set(True)
    folder = tmp_path / "sparse"
    assert ops.export_cameras(filepath=str(folder / "images.txt"), use_selection=True, up_axis="Z") == {"FINISHED"}
    assert sorted(path.name for path in folder.iterdir()) == ["cameras.txt", "images.txt", "points3D.txt"]
    assert (folder / "images.txt").read_text().split()[-1] == "b.png"
    with pytest.raises(RuntimeError, match="already contains a COLMAP model"):
        ops.export_cameras(filepath=str(folder / "images.txt"))


def test_cameras_that_are_not_perspective_are_told(tmp_path, cameras):
    cameras[1].data.type = "ORTHO"
    with pytest.raises(RuntimeError, match="“b” is not a perspective camera"):
        ops.export_cameras(filepath=str(tmp_path / "transforms.json"))
    with pytest.raises(RuntimeError, match="No camera is selected"):
        ops.export_cameras(filepath=str(tmp_path / "transforms.json"), use_selection=True)
    assert not (tmp_path / "transforms.json").exists()
