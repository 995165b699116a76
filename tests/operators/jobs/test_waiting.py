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
def waiting() -> Iterator[ModuleType]:
    """The module of that name, with nobody in line."""
    module = part("jobs.waiting")
    module.line.leave()
    yield module
    module.line.leave()


class WithWindow:
    """`bpy` as it is with a window, but for timers."""

    types, context, data, ops = bpy.types, bpy.context, bpy.data, bpy.ops

    class app:
        background = False

        class timers:
            is_registered = staticmethod(lambda function: True)


def test_the_line_waits_for_rest_and_knows_everybody_once(waiting):
    line = waiting.Line()
    line.join(1, due=10.0)
    line.join(2, due=10.1)
    line.join(1, due=10.3)
    assert len(line) == 2 and line.next(10.0) is None
    assert line.next(10.2) == 2 and line.next(10.2) is None
    assert line.next(10.3) == 1 and len(line) == 0


def test_nothing_fires_without_a_window(splats, waiting):
    splats.tttlrm.live = True
    splats.tttlrm.decode.max_splats = 5
    assert len(waiting.line) == 0


def test_only_live_objects_with_a_scene_follow_their_sliders(splats, waiting, monkeypatch):
    monkeypatch.setattr(waiting, "bpy", WithWindow())
    splats.tttlrm.decode.max_splats = 5
    bpy.context.scene.tttlrm.decode.max_splats = 5
    assert len(waiting.line) == 0
    splats.tttlrm.live = True
    splats.tttlrm.decode.max_splats = 6
    splats.tttlrm.crop = splats.parent
    assert len(waiting.line) == 1
    splats.tttlrm.session = ""
    waiting.line.leave()
    splats.tttlrm.decode.max_splats = 7
    assert len(waiting.line) == 0


def test_live_splats_follow_their_box(splats, waiting, monkeypatch):
    box = splats.tttlrm.crop = cube("box", Matrix())
    other = cube("other", Matrix())
    splats.tttlrm.live = True
    monkeypatch.setattr(waiting, "bpy", WithWindow())
    bpy.context.view_layer.update()
    waiting.line.leave()
    other.location.x += 1
    bpy.context.view_layer.update()
    assert len(waiting.line) == 0
    box.location.x += 1
    bpy.context.view_layer.update()
    assert waiting.line.next(math.inf) == splats.session_uid


def test_the_newest_settings_win_and_a_running_job_is_waited_for(splats, waiting, monkeypatch):
    for count in (3, 4, 5):
        splats.tttlrm.decode.max_splats = count
        waiting.line.join(splats.session_uid, due=count)
    monkeypatch.setattr(part("jobs.activity"), "current", object())
    waiting.step(100.0)
    assert len(splats.data.points) == 12
    monkeypatch.setattr(part("jobs.activity"), "current", None)
    waiting.step(100.0)
    assert len(splats.data.points) == 5 and len(waiting.line) == 0


def test_deleted_objects_leave_the_line(splats, waiting):
    waiting.line.join(splats.session_uid, due=0)
    bpy.data.objects.remove(splats)
    waiting.step(1.0)
    assert len(waiting.line) == 0


def test_nobody_waits_through_undo_or_in_another_file(splats, waiting):
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.ed.undo_push(message="after")
    waiting.line.join(splats.session_uid, due=0)
    bpy.ops.ed.undo()
    assert len(waiting.line) == 0
    waiting.line.join(1, due=0)
    bpy.ops.wm.read_homefile(use_empty=True)
    assert len(waiting.line) == 0
