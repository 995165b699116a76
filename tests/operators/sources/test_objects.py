# SPDX-License-Identifier: GPL-3.0-or-later
"""Selected objects, cameras of a collection and movie clips as sources."""

import json
import math
from pathlib import Path

import bpy
import numpy as np
import pytest
from mathutils import Matrix, Vector

from operators import sources
from tests.operators.sources.panel import choose, missing, shown
from tttlrm_blender.errors import TttlrmError

ops = bpy.ops.tttlrm
SIZE, FOCAL = (64, 48), 60.0


def test_selected_images_are_counted(photos):
    choose("SELECTED")
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
    assert sources.source_of(bpy.context).warning.endswith("ignored: a.")
    few = bpy.data.collections.new("few")
    choose("CAMERAS", collection=few)
    assert missing()
    for camera in [obj for obj in bpy.context.scene.objects if obj.type == "CAMERA"]:
        few.objects.link(camera)
    assert missing() == "" and sources.source_of(bpy.context).title == "few"


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
    assert not any(frame["upright"] for frame in content["frames"]), "Blender tracks images as stored"
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


SCALES = {
    "zero": ((0, 0, 0), False),
    "flat": ((1, 1, 0), False),
    "mirrored": ((-1, 1, 1), False),
    "turned inside out": ((-2, -2, -2), False),
    "mirrored twice": ((-1, -1, 1), True),
    "stretched": ((3, 0.5, 1), True),
    "tiny": ((1e-5, 1e-5, 1e-5), True),
}


@pytest.mark.parametrize("parent", [False, True])
@pytest.mark.parametrize("name", SCALES)
def test_scaled_cameras_have_a_pose_or_are_named(name, parent, photos, tmp_path):
    """Whether the camera is scaled or what carries it."""
    scale, sound = SCALES[name]
    cameras = [shown(photos / "images" / each, "CAMERA") for each in ("a.png", "b.png")]
    cameras[0].rotation_euler = (0.5, 0.25, 1)
    scaled = cameras[0]
    if parent:
        scaled = cameras[0].parent = bpy.data.objects.new("parent", None)
        bpy.context.collection.objects.link(scaled)
    scaled.scale = scale
    choose("CAMERAS")
    if not sound:
        for run in (sources.source_of(bpy.context).files, lambda: ops.export_cameras(filepath=str(tmp_path / "transforms.json"))):
            with pytest.raises((TttlrmError, RuntimeError), match="The object “a” is mirrored or scaled to zero"):
                run()
        return
    frames = json.loads(sources.source_of(bpy.context).files()["transforms.json"])["frames"]
    turn = np.array(frames[0]["transform_matrix"])[:3, :3]
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-6)
    assert np.linalg.det(turn) > 0
    assert ops.export_cameras(filepath=str(tmp_path / "images.txt")) == {"FINISHED"}


def test_poses_that_are_not_used_are_told(photos):
    for name, kind in (("a.png", "CAMERA"), ("b.png", "EMPTY"), ("c.png", "EMPTY")):
        shown(photos / "images" / name, kind)
    choose("SELECTED")
    source = sources.source_of(bpy.context)
    assert source.warning == "The poses of 1 cameras are not used, as the other 2 photos have none."
    assert len(source.files()) == 3
