# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos that Blender shows wrongly or not at all keep their size and turn, into Blender and back."""

import shutil

import bpy
import numpy as np
import pytest
from PIL import Image
from scipy.spatial import KDTree
from scipy.spatial.transform import Rotation

from operators.actions.files.export_cameras import export_cameras
from operators.scene.cameras import add_cameras, background_photo, photo_set
from operators.sources.objects import warning_about
from tests.photos.test_formats import QUADRANTS, gray_ramp, write_dng, write_heif
from tests.poses.turned import exif_with
from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.photos.copies import copies, turn_of
from tttlrm_blender.photos.distortion import Distortion
from tttlrm_blender.photos.images import image_size, read_image
from tttlrm_blender.photos.load import pinhole_cameras
from tttlrm_blender.photos.photo import Photo
from tttlrm_blender.poses.find import find_photos
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.results import CameraTable

pytestmark = pytest.mark.slow

ALL = range(1, 9)


@pytest.fixture(autouse=True)
def empty_scene():
    bpy.ops.wm.read_factory_settings(use_empty=True)


def write(path, orientation=1, square=False):
    """A photo of four colors, or a gray ramp if it is raw."""
    if path.suffix == ".heic":
        return write_heif(path, orientation)
    if path.suffix == ".dng":
        return write_dng(path, gray_ramp(), orientation)
    image = Image.fromarray(QUADRANTS[:, :48] if square else QUADRANTS)
    image.save(path, exif=exif_with(orientation), quality=95)
    return path


def posed(path, upright, index=0):
    """The photo as the engine uses it, with a camera whose center is not in the middle."""
    width, height = image_size(path, upright)
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = Rotation.random(random_state=index).as_matrix(), (index, 2, 3)
    lens = np.array([width, width, width / 2 + 3, height / 2 - 2], dtype=np.float64)
    return Photo(path.name, path, width, height, lens, Distortion(), pose, upright)


def put_into_blender(photos, size=(40, 32)):
    """What Blender does with the result of a job that used the photos at some size."""
    pinholes = pinhole_cameras(photos, *size)
    originals, turns = [[photo.width, photo.height] for photo in photos], [turn_of(photo) for photo in photos]
    names = [photo.name for photo in photos]
    table = CameraTable(names, pinholes.c2w, pinholes.intrinsics, pinholes.sizes, np.array(originals), np.array(turns))
    files = {photo.name: photo.path for photo in photos}
    return add_cameras(table, files, bpy.context.collection, copies(photos, Report()))


def taken_back(cameras, folder):
    """The photos of cameras as the engine reads them."""
    for name, content in photo_set(cameras).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            (folder / name).write_bytes(content)
        else:
            shutil.copy(content, folder / name)
    return find_photos(folder)


def assert_same_photo(one, other, pixels=True):
    np.testing.assert_allclose(one.c2w, other.c2w, atol=1e-5)
    np.testing.assert_allclose(one.intrinsics, other.intrinsics, rtol=1e-5, atol=1e-4)
    assert (one.width, one.height) == (other.width, other.height)
    if pixels:
        np.testing.assert_array_equal(read_image(one.path, one.upright), read_image(other.path, other.upright))


@pytest.mark.parametrize("upright", [True, False])
@pytest.mark.parametrize("square", [True, False])
@pytest.mark.parametrize(("suffix", "orientation"), [*((".jpg", turn) for turn in ALL), (".png", 6), (".tif", 6), (".webp", 8)])
def test_photos_come_back_as_they_were_used(tmp_path, suffix, orientation, square, upright):
    photos = [posed(write(tmp_path / f"{index}{suffix}", orientation, square), upright, index) for index in range(2)]
    cameras = put_into_blender(photos)
    for camera, photo in zip(cameras, photos, strict=True):
        image = background_photo(camera)
        assert tuple(image.size) == (photo.width, photo.height)
        shown = np.array(image.pixels).reshape(photo.height, photo.width, -1)[::-1, :, :3]
        assert np.abs(shown - read_image(photo.path, upright)).mean() < 0.03
    for one, other in zip(photos, taken_back(cameras, tmp_path / "back"), strict=True):
        assert_same_photo(one, other)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("name", ["{}.heic", "{}.dng", "{}.avif"])
@pytest.mark.parametrize("upright", [True, False])
def test_files_that_blender_cannot_read_come_back_too(tmp_path, name, orientation, upright):
    photos = [posed(write(tmp_path / name.format(index), orientation), upright, index) for index in range(2)]
    cameras = put_into_blender(photos)
    assert [tuple(background_photo(camera).size) for camera in cameras] == [(photo.width, photo.height) for photo in photos]
    for one, other in zip(photos, taken_back(cameras, tmp_path / "back"), strict=True):
        assert_same_photo(one, other)


def test_a_saved_file_keeps_the_copies_and_their_originals_or_does_without(tmp_path):
    large = Image.fromarray(np.kron(QUADRANTS, np.ones((50, 50, 1), np.uint8)))  # 3200 × 2400
    for index in range(2):
        large.save(tmp_path / f"{index}.jpg", exif=exif_with(6))
    photos = [posed(tmp_path / f"{index}.jpg", True, index) for index in range(2)]
    put_into_blender(photos)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "kept.blend"))
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "kept.blend"))
    cameras = sorted((obj for obj in bpy.data.objects if obj.type == "CAMERA"), key=lambda obj: obj.name)
    for one, other in zip(photos, taken_back(cameras, tmp_path / "back"), strict=True):
        assert_same_photo(one, other)
    assert not warning_about(cameras)
    for photo in photos:
        photo.path.unlink()
    assert warning_about(cameras) == "The files of 2 photos are gone; smaller copies in the .blend file are used."
    for one, other in zip(photos, taken_back(cameras, tmp_path / "without"), strict=True):
        assert (other.width, other.height) == (1200, 1600) and other.name == f"images/{one.path.name}"
        np.testing.assert_allclose(other.intrinsics, one.intrinsics / 2, rtol=1e-5)


def test_a_photo_has_one_copy_in_each_turn(tmp_path):
    path = write(tmp_path / "a.heic")
    first, second = (background_photo(put_into_blender([posed(path, True)])[0]) for _ in range(2))
    assert first == second
    raw = write(tmp_path / "a.dng", 6)
    upright, stored = (background_photo(put_into_blender([posed(raw, held)])[0]) for held in (True, False))
    assert upright != stored and (tuple(upright.size), tuple(stored.size)) == ((48, 64), (64, 48))


@pytest.mark.parametrize("key", ["tttlrm_original", "tttlrm_original_size", "tttlrm_turn"])
@pytest.mark.parametrize("value", [5, -1, 2.5, "ab", "/", [1], [0, 0], ["a", "b"]])
def test_odd_properties_of_images_do_no_harm(tmp_path, key, value):
    photo = write(tmp_path / "a.png")
    image = bpy.data.images.load(str(photo))
    image[key] = value
    (camera,) = add_cameras(
        CameraTable(["a"], np.eye(4)[None], np.full((1, 4), 48.0), np.array([[64, 48]])), {}, bpy.context.collection
    )
    camera.data.background_images.new().image = image
    assert photo_set([camera])["images/a.png"] == photo
    assert export_cameras(tmp_path / "transforms.json", [camera], bpy.context.scene) == 1


def test_packed_photos_that_blender_cannot_read_are_shown(tmp_path):
    """They have no file on disk: the copy is all there is."""
    photo = posed(write(tmp_path / "a.heic"), True)
    table = CameraTable(["a.heic"], photo.c2w[None], photo.intrinsics[None], np.array([[64, 48]]))
    (camera,) = add_cameras(table, {}, bpy.context.collection, copies([photo], Report()))
    assert tuple(background_photo(camera).size) == (64, 48)
    assert list(photo_set([camera])) == ["images/a.jpg", "transforms.json"]


@pytest.mark.parametrize("orientation", ALL)
@pytest.mark.parametrize("square", [True, False])
def test_ones_own_cameras_mean_photos_as_blender_shows_them(tmp_path, orientation, square):
    cameras = []
    for index in range(2):
        data = bpy.data.cameras.new(f"{index}")
        photo = write(tmp_path / f"{index}.jpg", orientation, square)
        data.background_images.new().image = bpy.data.images.load(str(photo))
        cameras.append(bpy.data.objects.new(f"{index}", data))
        bpy.context.collection.objects.link(cameras[-1])
    for photo in taken_back(cameras, tmp_path / "back"):
        assert (photo.width, photo.height) == ((48, 48) if square else (64, 48))
        np.testing.assert_array_equal(read_image(photo.path, photo.upright), read_image(photo.path, upright=False))


def test_ones_own_photo_that_blender_cannot_read_is_named(tmp_path):
    data = bpy.data.cameras.new("mine")
    data.background_images.new().image = bpy.data.images.load(str(write(tmp_path / "a.heic")))
    camera = bpy.data.objects.new("mine", data)
    bpy.context.collection.objects.link(camera)
    with pytest.raises(TttlrmError, match=r"cannot read the photo a\.heic behind the camera “mine”"):
        photo_set([camera])


@pytest.mark.parametrize("file", ["transforms.json", "sparse/0/images.txt"])
@pytest.mark.parametrize("upright", [True, False])
@pytest.mark.parametrize("square", [True, False])
@pytest.mark.parametrize("orientation", ALL)
def test_exported_cameras_mean_the_photos_as_they_are_used(tmp_path, orientation, square, upright, file):
    photos = [posed(write(tmp_path / f"{index}.png", orientation, square), upright, index) for index in range(2)]
    put_into_blender(photos)
    scene = bpy.context.scene
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    export_cameras(tmp_path / file, scene.objects, scene, "Z")
    poses = file if file.endswith(".json") else str((tmp_path / file).parent)
    for one, other in zip(photos, find_photos(tmp_path, poses), strict=True):
        if not file.endswith(".txt") or not upright:
            assert_same_photo(one, other)
        elif orientation in (1, 3, 6, 8):
            assert_same_rays(one, other)


def assert_same_rays(one, other):
    """Both photos show the same thing in the same direction, one upright and one as stored."""
    assert image_size(one.path, upright=False) == (other.width, other.height)
    (rays, colors), (other_rays, other_colors) = seen(one), seen(other)
    apart, nearest = KDTree(other_rays).query(rays)
    assert apart.max() < 1e-4
    np.testing.assert_array_equal(colors, other_colors[nearest])


def seen(photo):
    """Directions in the world and colors of all pixels, [N, 3] each."""
    image, (fx, fy, cx, cy) = read_image(photo.path, photo.upright), photo.intrinsics
    rows, columns = np.indices(image.shape[:2]) + 0.5
    rays = np.stack([(columns - cx) / fx, (rows - cy) / fy, np.ones_like(rows)], axis=-1).reshape(-1, 3)
    return rays @ photo.c2w[:3, :3].T, image.reshape(-1, 3)
