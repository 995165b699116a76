# SPDX-License-Identifier: GPL-3.0-or-later
"""The job queue: order, reported positions, and shutdown."""

import asyncio
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.protocol.messages import Cancelled, Done, Queued
from tttlrm_blender.protocol.results import Nothing
from tttlrm_blender.worker.limits import Limits
from tttlrm_blender.worker.schedule import OVERTAKING, Schedule
from tttlrm_blender.worker.task import Label, Task


class Scene:
    """A stand-in for a session."""

    folder, photos = Path("scene"), Path("scene/photos")


class Line:
    """A schedule with scenes by name, the names of the jobs done, and what each job was told."""

    def __init__(self, **limits: int) -> None:
        self.schedule = Schedule(Limits(**limits))
        self.scenes: dict[str, Scene] = {}
        self.done: list[str] = []
        self.heard: dict[str, list] = {}
        self.gate = threading.Event()

    def add(self, scene: str, name: str = "", interactive: bool = False, wait: bool = False) -> Task:
        """Put a job into the line; one that waits does so for the gate or its cancellation."""
        name = name or scene
        events = self.heard.setdefault(name, [])

        def work(report):
            while wait and not self.gate.wait(0.01):
                report("wait", 0.5)
            self.done.append(name)
            return Nothing()

        task = Task(self.scenes.setdefault(scene, Scene()), work, events.append, Label(1, 1, scene, "job"), interactive)
        self.schedule.add(task)
        return task

    def positions(self, name: str) -> list[int]:
        """Every position that a job was told."""
        return [event.position for event in self.heard[name] if isinstance(event, Queued)]

    async def work(self) -> None:
        """Do all that waits."""
        runner = asyncio.create_task(self.schedule.run())
        while self.schedule.waiting or self.schedule.running:
            await asyncio.sleep(0.001)
        runner.cancel()
        self.schedule._thread.shutdown()


def order(jobs: str) -> str:
    """The order of jobs that were put in together: a letter is a scene, and the job an interactive one if it is a capital."""

    async def do() -> str:
        line = Line()
        for job in jobs:
            line.add(job.lower(), job, job.isupper())
        await line.work()
        return "".join(line.done)

    return asyncio.run(do())


@pytest.mark.parametrize(
    ("put", "done"),
    [
        ("aaa", "aaa"),
        ("aaaabc", "abcaaa"),
        ("aabbcc", "abcabc"),
        ("a" * 20 + "b", "ab" + "a" * 19),
        ("aaB", "Baa"),
        ("aAbBAA", "ABAAab"),
        ("a" + "B" * (2 * OVERTAKING), "B" * OVERTAKING + "a" + "B" * OVERTAKING),
    ],
)
def test_sessions_take_turns_and_interactive_jobs_go_first(put, done):
    assert order(put) == done


@given(st.text("abcABC", max_size=30))
def test_every_job_is_done_and_a_session_has_one_in_every_round(put):
    done = order(put)
    assert sorted(done) == sorted(put)
    batch = [job for job in done if job.islower()]
    for index, job in enumerate(batch):  # before the n-th job of a scene nobody else had more than n
        before = batch[:index]
        assert all(before.count(other) <= before.count(job) + 1 for other in set(before))


def test_a_session_that_always_has_jobs_does_not_keep_a_late_one_waiting():
    async def do() -> list[str]:
        line = Line()
        line.add("a", wait=True)
        working = asyncio.create_task(line.work())
        while not line.schedule.running:
            await asyncio.sleep(0)
        for number in range(5):
            line.add("a", f"a{number}")
        line.add("b")
        line.gate.set()
        await working
        return line.done

    done = asyncio.run(do())
    assert done.index("b") == 2  # after the one at work and the one that came before it in the round


def test_positions_are_told_when_they_change_and_only_then():
    async def do() -> Line:
        line = Line()
        for name in ("a0", "a1", "a2"):
            line.add("a", name)
        line.add("b")  # goes before the second and third of the other
        decode = line.add("a", "decode", interactive=True)  # goes before all
        line.schedule.cancel(decode)
        await line.work()
        return line

    line = asyncio.run(do())
    assert line.done == ["a0", "b", "a1", "a2"]
    assert line.heard["decode"] == [Queued(0), Cancelled()]
    assert line.positions("a0") == [0, 1, 0]
    assert line.positions("b") == [1, 2, 1, 0]
    assert line.positions("a1") == [1, 2, 3, 2, 1, 0]
    assert line.positions("a2") == [2, 3, 4, 3, 2, 1, 0]
    assert all(isinstance(line.heard[name][-1], Done) for name in line.done)


def test_the_line_has_an_end_for_all_and_for_each_scene():
    async def do() -> None:
        line = Line(jobs=3, session_jobs=2)
        line.add("a", "a0")
        line.add("a", "a1")
        with pytest.raises(TttlrmError, match="The scene has 2 jobs waiting") as caught:
            line.add("a", "a2")
        assert caught.value.code == "queue_full"
        line.add("b")
        with pytest.raises(TttlrmError, match="The worker has 3 jobs waiting") as caught:
            line.add("c")
        assert caught.value.code == "queue_full" and not line.heard["c"]
        await line.work()
        assert line.done == ["a0", "b", "a1"]

    asyncio.run(do())


@pytest.mark.parametrize("finishes", [True, False])
def test_a_job_at_work_has_a_grace_period_and_all_others_end_at_once(finishes):
    async def do() -> Line:
        line = Line()
        line.add("a", "running", wait=True)
        line.add("b", "waiting")
        runner = asyncio.create_task(line.schedule.run())
        while not line.schedule.running:
            await asyncio.sleep(0)
        closing = asyncio.create_task(line.schedule.close(20.0 if finishes else 0.01, 20.0, asyncio.Event()))
        await asyncio.sleep(0.001)
        assert line.heard["waiting"][-1] == Cancelled()
        with pytest.raises(TttlrmError) as caught:
            line.add("c")
        assert caught.value.code == "stopping"
        if finishes:
            line.gate.set()
        assert await closing
        runner.cancel()
        return line

    line = asyncio.run(do())
    assert isinstance(line.heard["running"][-1], Done if finishes else Cancelled)
