# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats and cameras through files, as people do it with the installed extension."""

import sys
from importlib import import_module
from pathlib import Path

import bpy
import numpy as np
import pytest
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Matrix, Vector

from tests.gaussians.formats.spz_4 import version_4
from tttlrm_blender.gaussians.formats.registry import read_splats, write_splats
from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.gaussians.transform import apply_matrix
from tttlrm_blender.geometry.quaternions import normalize
from tttlrm_blender.poses.camera_files import read_cameras

pytestmark = pytest.mark.usefixtures("installed")

MODULE = "bl_ext.user_default.tttlrm"
ops = bpy.ops.tttlrm
UPRIGHT = np.array([[1.0, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]])  # y down to z up


@pytest.fixture(autouse=True)
def empty_scene(installed):
    bpy.ops.wm.read_homefile(use_empty=True)


def some_splats(count: int, degree: int = 2, seed: int = 0) -> Gaussians:
    random = np.random.default_rng(seed)
    arrays = (
        random.normal(size=(count, 3)),
        normalize(random.normal(size=(count, 4))),
        random.uniform(0.01, 0.1, (count, 3)),
        random.uniform(0.1, 0.9, count),
        random.uniform(-0.5, 0.5, (count, (degree + 1) ** 2, 3)),
    )
    return Gaussians(*(array.astype(np.float32) for array in arrays))


def assert_same(read: Gaussians, expected: Gaussians, tolerance: float = 0.0) -> None:
    for name, array in expected.arrays().items():
        np.testing.assert_allclose(getattr(read, name), array, rtol=0, atol=tolerance, err_msg=name)


@pytest.mark.parametrize("name", ["b.ply", "b.spz", "b.splat", "b.glb", "b.compressed.ply"])
def test_an_object_that_was_moved_goes_through_every_format(name, tmp_path):
    """And comes back to where it was, although files have other axes than Blender."""
    write_splats(tmp_path / "a.ply", some_splats(300))
    assert ops.import_splats(filepath=str(tmp_path / "a.ply")) == {"FINISHED"}
    bpy.context.object.matrix_world = Matrix.Translation((0, 0, 1)) @ bpy.context.object.matrix_world
    assert ops.export_splats(filepath=str(tmp_path / name)) == {"FINISHED"}
    expected = apply_matrix(some_splats(300), UPRIGHT).means + np.array([0, 0, 1])
    assert ops.import_splats(filepath=str(tmp_path / name)) == {"FINISHED"}
    again = import_module(f"{MODULE}.operators.scene.splats").read_splats(bpy.context.object)
    np.testing.assert_allclose(np.sort(again.means, axis=0), np.sort(expected, axis=0), atol=4e-3)


def test_blenders_own_python_unpacks_spz_of_version_4(tmp_path):
    write_splats(tmp_path / "three.spz", some_splats(300))
    (tmp_path / "four.spz").write_bytes(version_4((tmp_path / "three.spz").read_bytes()))
    assert ops.import_splats(filepath=str(tmp_path / "four.spz")) == {"FINISHED"}
    assert len(bpy.context.object.data.points) == 300


def test_what_was_imported_is_exported_bit_for_bit(tmp_path):
    write_splats(tmp_path / "a.ply", some_splats(300))
    ops.import_splats(filepath=str(tmp_path / "a.ply"))
    ops.export_splats(filepath=str(tmp_path / "b.ply"))
    assert_same(read_splats(tmp_path / "b.ply"), read_splats(tmp_path / "a.ply"))
    bpy.context.object.matrix_world = Matrix()
    ops.export_splats(filepath=str(tmp_path / "b.glb"))
    assert_same(read_splats(tmp_path / "b.glb"), read_splats(tmp_path / "a.ply"))


@pytest.mark.parametrize(
    ("told", "chosen", "up"),
    [
        ("", "AUTO", (0, -1, 0)),
        ("z", "AUTO", (0, 0, 1)),
        ("z", "Y", (0, 1, 0)),
        ("", "Z", (0, 0, 1)),
        ("", "NEGATIVE_Y", (0, -1, 0)),
    ],
)
def test_the_axis_that_points_up_turns_the_object_and_leaves_its_splats(tmp_path, told, chosen, up):
    write_splats(tmp_path / "a.ply", some_splats(10), told)
    ops.import_splats(filepath=str(tmp_path / "a.ply"), up_axis=chosen, scale=2)
    obj = bpy.context.object
    np.testing.assert_allclose(obj.matrix_world @ Vector(up), (0, 0, 2), atol=1e-6)
    values = np.empty(30, dtype=np.float32)
    obj.data.attributes["position"].data.foreach_get("vector", values)
    np.testing.assert_array_equal(values.reshape(10, 3), some_splats(10).means)
    axis = {(0, -1, 0): "NEGATIVE_Y", (0, 1, 0): "Y", (0, 0, 1): "Z"}[up]
    ops.export_splats(filepath=str(tmp_path / "b.ply"), up_axis=axis)
    np.testing.assert_allclose(read_splats(tmp_path / "b.ply").means, 2 * some_splats(10).means, atol=1e-5)


def test_several_files_at_once_are_selected(tmp_path):
    other = bpy.data.objects.new("other", None)
    bpy.context.collection.objects.link(other)
    other.select_set(True)
    for name in ("a.ply", "b.spz"):
        write_splats(tmp_path / name, some_splats(4))
    files = [{"name": "a.ply"}, {"name": "b.spz"}]
    assert ops.import_splats(directory=str(tmp_path), files=files) == {"FINISHED"}
    assert [obj.name for obj in bpy.context.selected_objects] == ["a", "b"] and bpy.context.object.name == "b"


def test_selected_objects_go_into_one_file(tmp_path):
    for name, degree, seed in (("a.ply", 1, 0), ("b.ply", 3, 1)):
        write_splats(tmp_path / name, some_splats(20, degree, seed), "z")
        ops.import_splats(filepath=str(tmp_path / name))
    for obj in bpy.data.objects:
        obj.select_set(True)
    ops.export_splats(filepath=str(tmp_path / "both.ply"), use_selection=True, up_axis="Z")
    both = read_splats(tmp_path / "both.ply")
    assert len(both) == 40 and both.sh_degree == 3
    ops.export_splats(filepath=str(tmp_path / "one.ply"), up_axis="Z")
    assert_same(read_splats(tmp_path / "one.ply"), both[20:])


def test_splats_that_are_left_out_are_told(tmp_path, capfd):
    splats = some_splats(10)
    splats.means[3] = np.nan
    write_splats(tmp_path / "holes.ply", splats)
    assert ops.import_splats(filepath=str(tmp_path / "holes.ply")) == {"FINISHED"}
    assert len(bpy.context.object.data.points) == 9
    sys.stdout.flush()
    assert "left out 1 of 10 splats" in capfd.readouterr().out


def test_files_that_cannot_be_read_or_written_are_told(tmp_path):
    (tmp_path / "text.ply").write_text("hello")
    (tmp_path / "splats.obj").write_text("v 0 0 0")
    write_splats(tmp_path / "a.ply", some_splats(4))
    for name in ("missing.ply", "text.ply", "splats.obj"):
        with pytest.raises(RuntimeError, match=name):
            ops.import_splats(directory=str(tmp_path), files=[{"name": "a.ply"}, {"name": name}])
    assert not bpy.data.objects, "all or none"
    assert not ops.export_splats.poll()
    ops.import_splats(filepath=str(tmp_path / "a.ply"))
    with pytest.raises(RuntimeError, match=r"splats\.obj is no splat file"):
        ops.export_splats(filepath=str(tmp_path / "splats.obj"))
    with pytest.raises(RuntimeError, match="cannot be written"):
        ops.export_splats(filepath=str(tmp_path / "nowhere" / "a.ply"))


@pytest.mark.parametrize(
    ("shown", "before", "expected"),
    [
        (("a.ply", "SPZ"), ("a.ply", "PLY"), ("a.spz", "SPZ")),
        (("a.ply", "COMPRESSED_PLY"), ("a.ply", "PLY"), ("a.compressed.ply", "COMPRESSED_PLY")),
        (("a.compressed.ply", "PLY"), ("a.compressed.ply", "COMPRESSED_PLY"), ("a.ply", "PLY")),
        (("b.GLB", "PLY"), ("a.ply", "PLY"), ("b.GLB", "GLB")),
        (("b", "SPLAT"), ("a.splat", "SPLAT"), ("b.splat", "SPLAT")),
        (("b.old", "SPZ"), ("b.old", "PLY"), ("b.old.spz", "SPZ")),
    ],
)
def test_the_name_and_the_format_follow_each_other(shown, before, expected):
    suffixes = import_module(f"{MODULE}.operators.actions.files.suffixes")
    endings = import_module(f"{MODULE}.operators.actions.files.export_splats").ENDINGS
    assert suffixes.settle(suffixes.Choice(*shown), suffixes.Choice(*before), endings) == expected


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
    with pytest.raises(RuntimeError, match="holds a COLMAP model already"):
        ops.export_cameras(filepath=str(folder / "images.txt"))


def test_cameras_that_are_not_perspective_are_told(tmp_path, cameras):
    cameras[1].data.type = "ORTHO"
    with pytest.raises(RuntimeError, match="“b” is not a perspective one"):
        ops.export_cameras(filepath=str(tmp_path / "transforms.json"))
    with pytest.raises(RuntimeError, match="No camera is selected"):
        ops.export_cameras(filepath=str(tmp_path / "transforms.json"), use_selection=True)
    assert not (tmp_path / "transforms.json").exists()
