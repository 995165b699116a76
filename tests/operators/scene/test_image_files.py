# SPDX-License-Identifier: GPL-3.0-or-later
"""Images in Blender as photos: all that are counted reach the worker in a format that it reads."""

from io import BytesIO
from itertools import cycle, islice
from pathlib import Path, PurePath

import bpy
import numpy as np
import pytest
from mathutils import Matrix
from PIL import Image

from operators.scene.cameras import background_photo, ignored, pictures
from operators.scene.conversion import encoded
from operators.scene.image_files import frame_shown, image_file
from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.photo_files import PHOTOS, RAW

SIZE = (64, 48)
COLOR = (0.75, 0.5, 0.25)
SUFFIXES = {  # by Blender's names of formats
    "BMP": ".bmp",
    "TARGA": ".tga",
    "TARGA_RAW": ".tga",
    "JPEG2000": ".jp2",
    "DPX": ".dpx",
    "OPEN_EXR": ".exr",
    "HDR": ".hdr",
    "PNG": ".png",
    "JPEG": ".jpg",
    "TIFF": ".tif",
    "WEBP": ".webp",
}


@pytest.fixture(autouse=True)
def empty_scene(registered: None) -> None:
    bpy.ops.wm.read_homefile(use_empty=True)


def saved(path: Path, kind: str = "PNG", color: tuple[float, float, float] = COLOR) -> Path:
    """A picture of one color that Blender saved."""
    image = bpy.data.images.new(path.name, *SIZE, float_buffer=kind in {"OPEN_EXR", "HDR"})
    image.pixels.foreach_set(np.tile([*color, 1], SIZE[0] * SIZE[1]).astype(np.float32))
    image.filepath_raw, image.file_format = str(path), kind
    image.save()
    bpy.data.images.remove(image)
    return path


def camera(image: bpy.types.Image, matrix: Matrix | None = None) -> bpy.types.Object:
    """A camera that shows an image."""
    data = bpy.data.cameras.new("camera")
    data.background_images.new().image = image
    obj = bpy.data.objects.new("camera", data)
    bpy.context.collection.objects.link(obj)
    obj.matrix_world = matrix or Matrix()
    return obj


def empty(image: bpy.types.Image) -> bpy.types.Object:
    """An empty that shows an image."""
    obj = bpy.data.objects.new("empty", None)
    obj.empty_display_type, obj.data = "IMAGE", image
    bpy.context.collection.objects.link(obj)
    return obj


def color_of(content: Path | bytes) -> np.ndarray:
    """The color of a picture that Pillow can open."""
    source = BytesIO(content) if isinstance(content, bytes) else content
    with Image.open(source) as picture:
        assert picture.size == SIZE
        return np.asarray(picture.convert("RGB")).mean(axis=(0, 1)) / 255


def shown_color(image: bpy.types.Image) -> np.ndarray:
    """The color as Blender shows it; pixels of floats are linear."""
    color = np.array(image.pixels[:3])
    return encoded(color) if image.is_float else color


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", SUFFIXES)
def test_every_format_that_blender_saves_becomes_a_photo(kind, packed, tmp_path):
    image = bpy.data.images.load(str(saved(tmp_path / f"photo{SUFFIXES[kind]}", kind)))
    if packed:
        image.pack()
    name, content = image_file(image)
    assert PurePath(name).suffix in PHOTOS + RAW and name.startswith("photo")
    np.testing.assert_allclose(color_of(content), shown_color(image), atol=0.02)
    assert len(bpy.data.images) == 1


@pytest.mark.parametrize("kind", SUFFIXES)
def test_packed_images_without_a_name_become_photos(kind, tmp_path):
    image = bpy.data.images.load(str(saved(tmp_path / f"photo{SUFFIXES[kind]}", kind)))
    image.pack()
    image.filepath_raw, image.name = "", "Untitled"
    name, content = image_file(image)
    assert PurePath(name).stem == "Untitled" and PurePath(name).suffix in PHOTOS
    np.testing.assert_allclose(color_of(content), shown_color(image), atol=0.02)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_a_photo_with_another_name_is_sent_as_it_is(kind, tmp_path):
    """With the focal length that is written in it."""
    file = saved(tmp_path / "photo", kind)
    assert image_file(bpy.data.images.load(str(file))) == (f"photo{SUFFIXES[kind]}", file)


@pytest.mark.parametrize(("source", "message"), [("MOVIE", "not a single picture"), ("TILED", "not a single picture")])
def test_movies_and_tiles_are_told(source, message, tmp_path):
    image = bpy.data.images.load(str(saved(tmp_path / "photo.png")))
    image.source = source
    with pytest.raises(TttlrmError, match=message):
        image_file(image)


def test_what_blender_cannot_read_is_told(tmp_path):
    (tmp_path / "photo.tga").write_text("no picture")
    with pytest.raises(TttlrmError, match=r"cannot read the image “photo\.tga”"):
        image_file(bpy.data.images.load(str(tmp_path / "photo.tga")))
    with pytest.raises(TttlrmError, match="has not been saved"):
        image_file(bpy.data.images.new("new", *SIZE))
    (tmp_path / "photo.heic").write_text("the engine may read it")
    assert image_file(bpy.data.images.load(str(tmp_path / "photo.heic")))[0] == "photo.heic"


def sequence(folder: Path) -> bpy.types.Image:
    """A sequence of six pictures, from number 1 on, each lighter than the one before."""
    for number in range(1, 7):
        saved(folder / f"shot_{number:03}.png", color=(number / 8,) * 3)
    image = bpy.data.images.load(str(folder / "shot_001.png"))
    image.source = "SEQUENCE"
    return image


@pytest.mark.parametrize("show", [camera, empty])
@pytest.mark.parametrize(
    ("frame", "start", "offset", "cyclic", "number"),
    [
        (1, 1, 0, False, 1),
        (4, 1, 0, False, 4),
        (4, 3, 0, False, 2),
        (2, 1, 3, False, 5),
        (9, 1, 0, False, 6),
        (-3, 1, 0, False, 1),
        (8, 1, 0, True, 2),
        (6, 1, 0, True, 6),
    ],
)
def test_the_shown_frame_of_a_sequence_is_used(show, frame, start, offset, cyclic, number, tmp_path):
    obj = show(sequence(tmp_path))
    user = obj.image_user if show is empty else obj.data.background_images[0].image_user
    user.frame_duration, user.frame_start, user.frame_offset, user.use_cyclic = 6, start, offset, cyclic
    bpy.context.scene.frame_set(frame)
    found = pictures([obj])
    assert list(found.files) == [f"images/shot_{number:03}.png"]
    np.testing.assert_allclose(color_of(*found.files.values()), number / 8, atol=0.01)
    assert not found.frames or [found.frames[0][side] for side in "wh"] == list(SIZE)


def test_frames_of_sequences_are_counted_as_blender_does(tmp_path):
    """As long as the sequence is shown: before and after, Blender shows nothing."""
    user = camera(sequence(tmp_path)).data.background_images[0].image_user
    for duration, start, offset, cyclic in [(6, 1, 0, False), (4, 2, 1, False), (3, -2, 2, True), (5, 4, 0, True)]:
        user.frame_duration, user.frame_start, user.frame_offset, user.use_cyclic = duration, start, offset, cyclic
        for frame in range(start, start + duration):
            bpy.context.scene.frame_set(frame + 1)
            bpy.context.scene.frame_set(frame)
            assert user.frame_current == frame_shown(user, frame)


def test_twelve_pictures_of_all_kinds_are_twelve_photos(tmp_path):
    kinds = list(islice(cycle(SUFFIXES), 12))
    files = [saved(tmp_path / f"{number}{SUFFIXES[kind]}", kind) for number, kind in enumerate(kinds)]
    images = [bpy.data.images.load(str(file)) for file in files]
    for image in images[::2]:
        image.pack()
        image.filepath_raw = ""
    found = pictures([(camera if index % 3 else empty)(image) for index, image in enumerate(images)]).files
    assert len(found) == 12 and all(PurePath(name).suffix in PHOTOS for name in found)


def test_the_background_that_is_shown_is_used(tmp_path):
    first, second, third = (bpy.data.images.load(str(saved(tmp_path / f"{name}.png"))) for name in "abc")
    obj = camera(first)
    obj.data.background_images[0].rotation = 1.0
    for image in (second, third):
        obj.data.background_images.new().image = image
    assert background_photo(obj) == first and ignored(obj)
    obj.data.background_images[0].show_background_image = False
    assert background_photo(obj) == second and not ignored(obj)
    for background in obj.data.background_images:
        background.show_background_image = False
    assert background_photo(obj) == first


@pytest.mark.parametrize(
    ("path", "name", "sent"),
    [
        ("C:\\Users\\me\\a.png", "x", "a.png"),
        ("//..\\textures\\a.png", "x", "a.png"),
        ("", "12:30?", "12_30_.png"),
        ("", "NUL.jpg", "_NUL.jpg"),
        ("", "../../a", "a.png"),
        ("", ".", "photo.png"),
    ],
)
def test_names_from_other_systems_are_names_that_a_worker_takes(path, name, sent, tmp_path):
    image = bpy.data.images.load(str(saved(tmp_path / "photo.png")))
    image.pack()
    image.filepath_raw, image.name = path, name
    assert list(pictures([empty(image)]).files) == [f"images/{sent}"]


@pytest.mark.parametrize("packed", [False, True])
def test_what_was_painted_and_not_saved_is_sent(packed, tmp_path):
    image = bpy.data.images.load(str(saved(tmp_path / "photo.jpg", "JPEG")))
    if packed:
        image.pack()
    image.pixels.foreach_set(np.tile(np.float32([1, 0, 0, 1]), SIZE[0] * SIZE[1]))
    name, content = image_file(image)
    assert name == "photo.png" and np.allclose(color_of(content), [1, 0, 0], atol=0.01)
