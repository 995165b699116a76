# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs whose splats are seen on their way, as with a window: what they leave alone, and what they leave."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import bpy
import numpy as np
import pytest

from operators.jobs import activity, worker
from operators.scene import flight
from operators.scene.camera_view import Pose, pose_of, region_3d_of, viewports
from operators.scene.preview import MARK, Preview
from operators.scene.splats import is_splats
from tests.operators.photos import save_photo
from tests.operators.toy_worker import SPLATS
from tttlrm_blender.protocol.messages import Progress

pytestmark = pytest.mark.usefixtures("registered")

ops = bpy.ops.tttlrm


@pytest.fixture(autouse=True)
def seen(registered, toy_workers, monkeypatch) -> list[int]:
    """The numbers of splats that were seen on their way."""
    bpy.ops.wm.read_homefile(use_empty=True)
    monkeypatch.setattr(worker, "watched", True)
    numbers, show = [], Preview.show

    def shown(preview: Preview, splats, cameras=None) -> None:
        show(preview, splats, cameras)
        numbers.append(len(next(obj for obj in bpy.data.objects if MARK in obj and is_splats(obj)).data.points))

    monkeypatch.setattr(Preview, "show", shown)
    return numbers


@pytest.fixture
def photos(tmp_path) -> Path:
    return save_photo(tmp_path / "1.png").parent


@pytest.fixture
def edited() -> bpy.types.Object:
    """A mesh that somebody is editing."""
    obj = bpy.data.objects.new("edited", bpy.data.meshes.new("edited"))
    bpy.context.collection.objects.link(obj)
    obj.select_set(True)
    bpy.context.view_layer.objects.active = obj
    bpy.ops.object.mode_set(mode="EDIT")
    return obj


@pytest.fixture
def splats(photos) -> bpy.types.Object:
    ops.reconstruct(directory=str(photos))
    return bpy.context.object


def stop_later(fraction: float, stop: Callable[[activity.Activity], None] = lambda job: job.run.cancel()) -> threading.Thread:
    """Somebody who stops the job that is about to begin, once some share of its refinement is done."""

    def wait() -> None:
        while not (activity.current and activity.current.stage == "refine" and activity.current.fraction >= fraction):
            time.sleep(0.01)
        stop(activity.current)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def point_clouds() -> list[int]:
    return [len(obj.data.points) for obj in bpy.data.objects if is_splats(obj)]


def test_who_edits_something_else_stays_at_it(photos, edited, seen):
    assert ops.reconstruct(directory=str(photos), refine_steps=8) == {"FINISHED"}
    assert seen and point_clouds() == [SPLATS] and len(bpy.data.pointclouds) == 1
    assert bpy.context.object == edited and bpy.context.mode == "EDIT_MESH" and edited.select_get()


def test_the_result_takes_the_place_of_what_was_seen(splats, seen):
    splats.parent.location = (1, 2, 3)
    assert ops.refine(steps=9, seconds=0.2) == {"FINISHED"}
    assert seen and point_clouds() == [9]
    assert bpy.context.object == splats and splats.select_get() and not splats.hide_get()
    assert np.allclose(splats.matrix_world.translation, (1, 2, 3))


@pytest.fixture
def flown(monkeypatch) -> list[Pose]:
    """Where a view looked from after it had flown to a photo; the scene had nothing of it yet."""
    monkeypatch.setattr(flight, "watched", True)
    bpy.context.preferences.view.smooth_view = 0
    poses, fly = [], flight.fly_to_photo

    def followed(*arguments) -> None:
        fly(*arguments)
        poses.append(pose_of(view()))
        assert bpy.context.scene.camera is None and bpy.context.scene.render.resolution_x == 1920

    monkeypatch.setattr(flight, "fly_to_photo", followed)
    return poses


def view() -> bpy.types.Area:
    return next(area for _, area in viewports())


@pytest.mark.parametrize("poses", ["auto", "transforms.json", "opencv_cameras.json"])  # the last ones know no up
def test_views_fly_to_the_first_splats_and_then_look_through_the_camera_that_is_there(photos, flown, poses):
    if poses != "auto":
        (photos / poses).write_text("{}")
    assert ops.reconstruct(directory=str(photos), refine_steps=8) == {"FINISHED"}
    camera, region_3d = bpy.context.scene.camera, region_3d_of(view())
    assert region_3d.view_perspective == "CAMERA"
    (pose,) = flown
    there = Pose(camera.matrix_world.translation, camera.matrix_world.to_quaternion(), pose.distance, pose.lens)
    assert pose.is_like(there), "from the same place"


def test_the_empty_collection_of_the_startup_file_goes_with_the_first_splats(photos, flown, monkeypatch):
    bpy.context.scene.collection.children.link(bpy.data.collections.new("Collection"))
    layers, left, fly = bpy.context.view_layer, [], flight.fly_to_photo
    layers.active_layer_collection = layers.layer_collection.children["Collection"]

    def followed(*arguments) -> None:
        fly(*arguments)
        left.append("Collection" in bpy.data.collections)

    monkeypatch.setattr(flight, "fly_to_photo", followed)
    assert ops.reconstruct(directory=str(photos), refine_steps=8) == {"FINISHED"}
    assert left == [False]


def test_views_that_are_moved_while_splats_are_seen_stay(photos, flown, monkeypatch):
    fly = flight.fly_to_photo

    def taken(*arguments) -> None:
        fly(*arguments)
        region_3d_of(view()).view_distance = 3.0

    monkeypatch.setattr(flight, "fly_to_photo", taken)
    assert ops.reconstruct(directory=str(photos), refine_steps=8) == {"FINISHED"}
    assert flown and region_3d_of(view()).view_perspective == "PERSP" and region_3d_of(view()).view_distance == 3.0


def test_views_of_who_edits_something_or_has_a_camera_stay(photos, edited, flown):
    assert ops.reconstruct(directory=str(photos), refine_steps=8) == {"FINISHED"}
    assert not flown and region_3d_of(view()).view_perspective == "PERSP"
    bpy.ops.object.mode_set(mode="OBJECT")
    bpy.context.scene.camera = bpy.data.objects.new("mine", bpy.data.cameras.new("mine"))
    assert ops.reconstruct(directory=str(photos), refine_steps=8) == {"FINISHED"}
    assert not flown and region_3d_of(view()).view_perspective == "PERSP"


@pytest.mark.slow
def test_splats_seen_so_far_stay_when_a_reconstruction_is_stopped(photos, seen):
    stopper = stop_later(0.3)
    ops.reconstruct(directory=str(photos), refine_steps=100)
    stopper.join()
    (kept,) = bpy.data.objects
    assert kept.name == "unfinished splats" and len(kept.data.points) == seen[-1] and not kept.tttlrm.session


def test_splats_are_as_they_were_when_work_on_them_is_stopped(splats, seen):
    stopper = stop_later(0.5)
    assert ops.refine(steps=9, seconds=20.0) == {"CANCELLED"}
    stopper.join()
    assert seen and point_clouds() == [SPLATS]
    assert bpy.context.object == splats and splats.select_get() and not splats.hide_get()


def test_refined_splats_so_far_are_the_result_when_work_on_them_is_ended_early(splats, seen):
    stopper = stop_later(0.5, activity.Activity.stop)
    assert ops.refine(steps=9, seconds=20.0) == {"FINISHED"}
    stopper.join()
    assert seen and point_clouds() == [9] and bpy.context.object == splats
    assert splats.tttlrm.psnr == 30.0
    ops.decode(max_splats=3)
    assert not splats.tttlrm.psnr, "decoded splats are others"


def test_a_reconstruction_that_is_ended_early_is_there_with_its_splats_and_cameras(photos, seen):
    stopper = stop_later(0.3, activity.Activity.stop)
    assert ops.reconstruct(directory=str(photos), refine_steps=100) == {"FINISHED"}
    stopper.join()
    assert seen and point_clouds() == [SPLATS] and bpy.context.object.tttlrm.session
    assert any(obj.type == "CAMERA" for obj in bpy.data.objects)


def test_splats_seen_so_far_stay_when_the_worker_dies(photos, seen):
    stopper = stop_later(0.3, lambda job: worker.link._process.process.kill())
    with pytest.raises(RuntimeError, match="stopped unexpectedly"):
        ops.reconstruct(directory=str(photos), refine_steps=100)
    stopper.join()
    (kept,) = bpy.data.objects
    assert kept.name == "unfinished splats" and len(kept.data.points) == seen[-1]


def twice(job: activity.Activity) -> None:
    job.run.finish = lambda: None  # as if the worker were busy
    job.stop()
    assert job.way_out == "Discard"
    job.stop()


def test_who_stops_twice_keeps_no_unfinished_splats(photos, seen):
    stopper = stop_later(0.3, twice)
    assert ops.reconstruct(directory=str(photos), refine_steps=100) == {"CANCELLED"}
    stopper.join()
    assert seen and not bpy.data.objects


@pytest.mark.parametrize(
    ("stages", "keeps"),
    [
        (["load", "encode"], False),
        (["load", "encode", "decode"], False),
        (["decode", "points", "depth"], True),
        (["decode", "refine", "render depth", "bake texture"], True),
        (["points", "depth"], False),
        (["depth", "refine", "measure"], True),
        (["render depth", "fuse depth"], False),
    ],
)
def test_what_stopping_is_said_to_do(stages, keeps):
    job = activity.Activity("a job", SimpleNamespace())
    for stage in stages:
        job.take(Progress(stage, 0.5, None))
    assert job.way_out == ("Stop & Keep" if keeps else "Stop")


def test_who_stops_twice_discards_the_result(splats, seen):
    stopper = stop_later(0.5, twice)
    assert ops.refine(steps=9, seconds=20.0) == {"CANCELLED"}
    stopper.join()
    assert point_clouds() == [SPLATS]
