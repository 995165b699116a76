# SPDX-License-Identifier: GPL-3.0-or-later
"""The timer that follows a job, and what its operator does then; with a window only, so Blender's part is played here."""

from types import SimpleNamespace

import bpy
import pytest

from operators.jobs import activity, following
from operators.jobs.job_operator import JobOperator
from tttlrm_blender.protocol.messages import Done, Note, Progress


class Job:
    """An operator with a job."""

    def __init__(self, steps: int = 1, bug: bool = False) -> None:
        self.steps, self.bug, self.abandoned, self.awake = steps, bug, False, False

    def step(self) -> bool:
        assert bpy.context.window, "a job needs a window to put things into the scene"
        if self.bug:
            raise ZeroDivisionError
        self.steps -= 1
        return self.steps > 0

    def abandon(self) -> None:
        self.abandoned = True
        activity.current = None

    def wake(self) -> None:
        self.awake = True


@pytest.fixture(autouse=True)
def at_work(registered, monkeypatch):
    """A job is running."""
    bpy.ops.wm.read_homefile(use_empty=True)
    monkeypatch.setattr(activity, "current", activity.Activity("a job", SimpleNamespace(poll=list, cancel=lambda: None)))
    yield
    following._forget()


def test_a_job_is_followed_to_its_end():
    job = Job(3)
    following.follow(job)
    assert [following._tick() for _ in range(4)] == [following.TICK, following.TICK, None, None]
    assert not job.steps and not job.abandoned


def test_a_job_ends_with_the_file():
    job = Job(3)
    following.follow(job)
    bpy.ops.wm.read_homefile(use_empty=True)
    assert job.abandoned and job.awake and following._tick() is None and job.steps == 3


def test_a_job_ends_with_the_extension():
    job = Job(3)
    following.follow(job)
    following.unregister()
    following.register()
    assert job.abandoned and not job.awake and following._tick() is None


def test_a_job_with_a_bug_is_not_said_to_run_for_ever():
    job = Job(bug=True)
    following.follow(job)
    with pytest.raises(ZeroDivisionError):
        following._tick()
    assert job.abandoned and following._tick() is None


def test_an_operator_is_woken_by_the_last_event():
    taken, woken = [], []
    asleep = SimpleNamespace(
        _take=lambda context, message: taken.append(message), wake=lambda: woken.append(True), _preview=None, _last=None
    )
    for messages, goes_on in ([Progress("refine", 0.5, None), Note("odd")], True), ([], True), ([Done()], False):
        activity.current.run.poll = lambda messages=messages: messages
        assert JobOperator.step(asleep) == goes_on
    assert [type(message) for message in taken] == [Progress, Note] and woken == [True] and isinstance(asleep._last, Done)


def test_an_operator_that_was_woken_takes_the_end_and_leaves_other_events_alone():
    left = []
    woken = SimpleNamespace(_take=lambda context, message: {"FINISHED"}, _leave=left.append, _last=Done())
    assert JobOperator.modal(woken, bpy.context, SimpleNamespace(type="ESC")) == {"PASS_THROUGH"} and not left
    assert JobOperator.modal(woken, bpy.context, SimpleNamespace(type="TIMER")) == {"FINISHED"} and left
