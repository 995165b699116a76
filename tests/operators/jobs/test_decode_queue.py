# SPDX-License-Identifier: GPL-3.0-or-later
"""Many objects at once."""

from collections.abc import Iterator
from types import ModuleType

import bpy
import pytest

from tests.operators.installed import part

pytestmark = pytest.mark.usefixtures("toy")


@pytest.fixture
def decode_queue() -> Iterator[ModuleType]:
    """The module of that name, with an empty queue."""
    module = part("jobs.decode_queue")
    module.queue.clear()
    yield module
    module.queue.clear()


def test_the_queue_holds_each_object_once(decode_queue):
    queue = decode_queue.Queue()
    for uid in (1, 2, 1):
        queue.put(uid)
    assert len(queue) == 2 and [queue.pop(), queue.pop(), queue.pop()] == [1, 2, None]


def test_a_running_job_is_waited_for(splats, decode_queue, monkeypatch):
    splats.data.attributes["position"].data[0].vector = (9, 9, 9)
    decode_queue.queue.put(splats.session_uid)
    monkeypatch.setattr(part("jobs.activity"), "current", object())
    decode_queue.step()
    assert splats.data.attributes["position"].data[0].vector[0] == 9 and len(decode_queue.queue) == 1
    monkeypatch.setattr(part("jobs.activity"), "current", None)
    decode_queue.step()
    assert splats.data.attributes["position"].data[0].vector[0] == 0 and len(decode_queue.queue) == 0


def test_deleted_objects_leave_the_queue(splats, decode_queue):
    decode_queue.queue.put(splats.session_uid)
    bpy.data.objects.remove(splats)
    decode_queue.step()
    assert len(decode_queue.queue) == 0


def test_nobody_waits_through_undo_or_in_another_file(splats, decode_queue):
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.ed.undo_push(message="after")
    decode_queue.queue.put(splats.session_uid)
    bpy.ops.ed.undo()
    assert len(decode_queue.queue) == 0
    decode_queue.queue.put(1)
    bpy.ops.wm.read_homefile(use_empty=True)
    assert len(decode_queue.queue) == 0
