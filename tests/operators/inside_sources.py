# SPDX-License-Identifier: GPL-3.0-or-later
"""The sources of the panel: what is missing, what the button says, and which files the worker is given."""

import json
import math
from collections.abc import Iterator
from pathlib import Path

import bpy
import numpy as np
import pytest
from mathutils import Matrix, Vector

import operators
from operators import properties, sources
from operators.sources.folders import CheckedFolder
from tttlrm_blender.errors import TttlrmError

ops = bpy.ops.tttlrm
SIZE, FOCAL = (64, 48), 60.0


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    operators.register()
    bpy.ops.wm.read_homefile(use_empty=True)
    yield
    operators.unregister()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "statue"
    (folder / "images").mkdir(parents=True)
    for name in ("a.png", "b.png", "c.png"):
        image = bpy.data.images.new(name, 32, 24)
        image.filepath_raw, image.file_format = str(folder / "images" / name), "PNG"
        image.save()
    (folder / "transforms.json").write_text("{}")
    return folder


def choose(kind: str, **values) -> bpy.types.PropertyGroup:
    group = bpy.context.scene.tttlrm.source
    group.kind = kind
    for name, value in values.items():
        setattr(group, name, value)
    return group


def missing() -> str:
    """What the panel says; the button of the panel is grey then, and only then."""
    lacking = str(sources.missing(bpy.context))
    with bpy.context.temp_override(tttlrm_source=bpy.context.scene.tttlrm.source):
        assert ops.reconstruct.poll() == (not lacking)
    assert ops.reconstruct.poll()  # with a folder, anybody may
    return lacking


def shown(path: Path, kind: str = "EMPTY", select: bool = True) -> bpy.types.Object:
    """An object that shows a photo."""
    image = bpy.data.images.load(str(path), check_existing=True)
    obj = bpy.data.objects.new(path.stem, bpy.data.cameras.new(path.stem) if kind == "CAMERA" else None)
    if kind == "CAMERA":
        obj.data.background_images.new().image = image
    else:
        obj.empty_display_type, obj.data = "IMAGE", image
    bpy.context.collection.objects.link(obj)
    obj.select_set(select)
    return obj


def test_photos_of_a_folder_have_check_marks(photos):
    assert ops.choose_folder(directory=str(photos)) == {"FINISHED"}
    group = bpy.context.scene.tttlrm.source
    assert [photo.name for photo in group.photos] == ["images/a.png", "images/b.png", "images/c.png"]
    assert missing() == "" and sources.source_of(bpy.context).label == "3 Photos"
    group.photos[1].use = False
    files = sources.source_of(bpy.context).files()
    assert sorted(files) == ["images/a.png", "images/c.png", "transforms.json"]
    (photos / "images/a.png").unlink()
    ops.list_photos()
    assert [(photo.name, photo.use) for photo in group.photos] == [("images/b.png", False), ("images/c.png", True)]
    assert missing() == "Check at least 2 photos."
    ops.check_photos(which="INVERT")
    assert [photo.use for photo in group.photos] == [True, False]
    ops.check_photos(which="ALL")
    assert missing() == ""


def test_a_folder_that_is_not_chosen_or_empty_is_told(tmp_path):
    choose("FOLDER")
    assert missing() == "Choose a folder of photos."
    ops.choose_folder(directory=str(tmp_path))
    assert missing() == f"There are no photos in {tmp_path}. Choose another folder."
    with pytest.raises(RuntimeError, match="Choose another folder"):
        ops.reconstruct()


def test_selected_images_are_counted(photos):
    assert missing().startswith("No photos are selected. Select image empties")
    shown(photos / "images/a.png")
    assert missing().startswith("There is only one photo")
    shown(photos / "images/b.png", "CAMERA")
    assert missing() == "" and sources.source_of(bpy.context).label == "2 Photos"
    choose("SELECTED", cameras="BLENDER")
    assert missing().startswith("Not all of these photos belong to cameras")


def test_cameras_of_a_collection_are_posed(photos):
    choose("CAMERAS", cameras="BLENDER")
    assert missing().startswith("There are no cameras with background images")
    for name in ("a.png", "b.png"):
        shown(photos / "images" / name, "CAMERA", select=False)
    shown(photos / "images/c.png")
    assert missing() == ""
    files = sources.source_of(bpy.context).files()
    assert len(json.loads(files["transforms.json"])["frames"]) == 2 and len(files) == 3
    assert sources.source_of(bpy.context).warning == ""
    bpy.data.objects["a"].data.background_images[0].rotation = 0.1
    assert sources.source_of(bpy.context).warning.endswith("not heeded: a.")
    few = bpy.data.collections.new("few")
    choose("CAMERAS", collection=few)
    assert missing()
    for camera in [obj for obj in bpy.context.scene.objects if obj.type == "CAMERA"]:
        few.objects.link(camera)
    assert missing() == "" and sources.source_of(bpy.context).title == "few"


def test_a_video_is_sent_as_it_is(tmp_path):
    choose("VIDEO")
    assert missing() == "Choose a video file."
    choose("VIDEO", video=str(tmp_path / "film.txt"))
    assert missing().startswith("film.txt is no video")
    choose("VIDEO", video=str(tmp_path / "film.mp4"))
    assert "does not exist" in missing()
    (tmp_path / "film.mp4").write_bytes(b"")
    assert missing() == ""
    source = sources.source_of(bpy.context)
    assert source.files() == {"film.mp4": tmp_path / "film.mp4"} and source.title == "film"


def test_the_cameras_choice_becomes_a_setting(photos):
    def poses() -> str:
        return properties.reconstruct_settings(bpy.context.scene).poses

    ops.choose_folder(directory=str(photos))
    bpy.context.scene.tttlrm.poses = "auto"
    assert poses() == "auto"
    choose("FOLDER", cameras="ESTIMATE")
    assert poses() == "estimate" and missing() == ""
    choose("FOLDER", cameras="FILE")
    assert missing() == "Choose a file with the poses of the cameras."
    bpy.context.scene.tttlrm.poses = str(photos / "transforms.json")
    assert poses() == str(photos / "transforms.json") and missing() == ""
    choose("FOLDER", cameras="BLENDER")
    assert missing().startswith("Not all of these photos belong to cameras")
    with pytest.raises(TttlrmError):
        CheckedFolder(Path()).files()


def solved_clip(folder: Path) -> tuple[bpy.types.MovieClip, np.ndarray]:
    """A clip of 12 images from number 5 on with its camera solved by Blender, and the poses [12, 4, 4] that are to be found."""
    (folder / "shot").mkdir()
    image = bpy.data.images.new("shot", *SIZE)
    image.file_format = "PNG"
    for number in range(5, 17):
        image.filepath_raw = str(folder / f"shot/{number:04}.png")
        image.save()
    clip = bpy.data.movieclips.load(str(folder / "shot/0005.png"))
    clip.tracking.camera.focal_length_pixels = FOCAL
    places = [Vector((4 * math.sin(a), -4 * math.cos(a), 0.5 + a)) for a in np.linspace(-0.3, 0.3, 12)]
    poses = np.stack([np.array(Matrix.LocRotScale(place, (-place).to_track_quat("-Z", "Y"), None)) for place in places])
    for point in np.random.default_rng(0).uniform(-1, 1, (30, 3)):
        track = clip.tracking.objects[0].tracks.new(name="point", frame=1)
        for frame, pose in enumerate(poses, 1):
            x, y, z, _ = np.linalg.inv(pose) @ [*point, 1]
            track.markers.insert_frame(frame, co=(0.5 - FOCAL * x / z / SIZE[0], 0.5 - FOCAL * y / z / SIZE[1]))
    clip.tracking.objects[0].keyframe_a, clip.tracking.objects[0].keyframe_b = 1, 12
    window = bpy.context.window_manager.windows[0]
    area = window.screen.areas[0]
    area.type = "CLIP_EDITOR"
    area.spaces.active.clip = clip
    with bpy.context.temp_override(window=window, area=area):
        assert bpy.ops.clip.solve_camera() == {"FINISHED"}
    return clip, poses


def test_a_clip_gives_frames_where_its_solved_camera_stands(tmp_path):
    choose("CLIP")
    assert missing() == "Choose a movie clip."
    clip, poses = solved_clip(tmp_path)
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    bpy.context.collection.objects.link(camera)
    constraint = camera.constraints.new("CAMERA_SOLVER")
    constraint.use_active_clip, constraint.clip = False, clip
    camera.matrix_basis = Matrix(poses[0])  # the solution begins where the camera stands
    choose("CLIP", clip=clip, cameras="BLENDER")
    assert missing() == "" and sources.source_of(bpy.context).label == "12 Frames"
    files = sources.source_of(bpy.context).files()
    content = json.loads(files.pop("transforms.json"))
    assert files["images/0005.png"] == tmp_path / "shot/0005.png" and len(files) == 12
    assert [content[name] for name in ("w", "h", "fl_x", "cx", "cy")] == [*SIZE, FOCAL, SIZE[0] / 2, SIZE[1] / 2]
    found = np.array([frame["transform_matrix"] for frame in content["frames"]])
    np.testing.assert_allclose(found[:, :3, :3], poses[:, :3, :3], atol=1e-4)
    ways, expected = (each[1:, :3, 3] - each[0, :3, 3] for each in (found, poses))
    np.testing.assert_allclose(ways / np.linalg.norm(ways[-1]), expected / np.linalg.norm(expected[-1]), atol=1e-3)
    clip.tracking.camera.distortion_model, clip.tracking.camera.division_k1 = "DIVISION", 0.1
    with pytest.raises(TttlrmError, match="distortion has the coefficient division_k1"):
        sources.source_of(bpy.context).files()


def test_an_unsolved_clip_is_told(photos):
    choose("CLIP", clip=bpy.data.movieclips.load(str(photos / "images/a.png")))
    assert missing().startswith("The clip's camera is not solved")
