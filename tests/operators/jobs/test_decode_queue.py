# SPDX-License-Identifier: GPL-3.0-or-later
"""Sliders that move, and many objects at once."""

import math
from collections.abc import Iterator
from types import ModuleType

import bpy
import pytest
from mathutils import Matrix

from tests.operators.installed import cube, part

pytestmark = pytest.mark.usefixtures("toy")


@pytest.fixture
def decode_queue() -> Iterator[ModuleType]:
    """The module of that name, with an empty queue."""
    module = part("jobs.decode_queue")
    module.queue.clear()
    yield module
    module.queue.clear()


class WithWindow:
    """`bpy` as it is with a window, but for timers."""

    types, context, data, ops = bpy.types, bpy.context, bpy.data, bpy.ops

    class app:
        background = False

        class timers:
            is_registered = staticmethod(lambda function: True)


def test_the_queue_waits_for_rest_and_holds_each_object_once(decode_queue):
    queue = decode_queue.Queue()
    queue.put(1, due=10.0)
    queue.put(2, due=10.1)
    queue.put(1, due=10.3)
    assert len(queue) == 2 and queue.pop(10.0) is None
    assert queue.pop(10.2) == 2 and queue.pop(10.2) is None
    assert queue.pop(10.3) == 1 and len(queue) == 0


def test_nothing_fires_without_a_window(splats, decode_queue):
    splats.tttlrm.live = True
    splats.tttlrm.decode.max_splats = 5
    assert len(decode_queue.queue) == 0


def test_only_live_objects_with_a_scene_follow_their_sliders(splats, decode_queue, monkeypatch):
    monkeypatch.setattr(decode_queue, "bpy", WithWindow())
    splats.tttlrm.decode.max_splats = 5
    bpy.context.scene.tttlrm.decode.max_splats = 5
    assert len(decode_queue.queue) == 0
    splats.tttlrm.live = True
    splats.tttlrm.decode.max_splats = 6
    splats.tttlrm.crop = splats.parent
    assert len(decode_queue.queue) == 1
    splats.tttlrm.session = ""
    decode_queue.queue.clear()
    splats.tttlrm.decode.max_splats = 7
    assert len(decode_queue.queue) == 0


def test_live_splats_follow_their_box(splats, decode_queue, monkeypatch):
    box = splats.tttlrm.crop = cube("box", Matrix())
    other = cube("other", Matrix())
    splats.tttlrm.live = True
    monkeypatch.setattr(decode_queue, "bpy", WithWindow())
    bpy.context.view_layer.update()
    decode_queue.queue.clear()
    other.location.x += 1
    bpy.context.view_layer.update()
    assert len(decode_queue.queue) == 0
    box.location.x += 1
    bpy.context.view_layer.update()
    assert decode_queue.queue.pop(math.inf) == splats.session_uid


def test_the_newest_settings_win_and_a_running_job_is_waited_for(splats, decode_queue, monkeypatch):
    for count in (3, 4, 5):
        splats.tttlrm.decode.max_splats = count
        decode_queue.queue.put(splats.session_uid, due=count)
    monkeypatch.setattr(part("jobs.activity"), "current", object())
    decode_queue.step(100.0)
    assert len(splats.data.points) == 12
    monkeypatch.setattr(part("jobs.activity"), "current", None)
    decode_queue.step(100.0)
    assert len(splats.data.points) == 5 and len(decode_queue.queue) == 0


def test_deleted_objects_leave_the_queue(splats, decode_queue):
    decode_queue.queue.put(splats.session_uid, due=0)
    bpy.data.objects.remove(splats)
    decode_queue.step(1.0)
    assert len(decode_queue.queue) == 0


def test_nobody_waits_through_undo_or_in_another_file(splats, decode_queue):
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.ed.undo_push(message="after")
    decode_queue.queue.put(splats.session_uid, due=0)
    bpy.ops.ed.undo()
    assert len(decode_queue.queue) == 0
    decode_queue.queue.put(1, due=0)
    bpy.ops.wm.read_homefile(use_empty=True)
    assert len(decode_queue.queue) == 0
