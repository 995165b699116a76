# SPDX-License-Identifier: GPL-3.0-or-later
"""Photo sets become folders, one after the other; other tasks may be at work on the same ones."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ..engine import errors, files, options, settings
from . import claims, result, worker_options
from .result import Task


@dataclass
class Tally:
    """What became of the photo sets, by their names."""

    converted: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)  # finished before
    elsewhere: list[str] = field(default_factory=list)  # another task is at work on them
    failed: dict[str, str] = field(default_factory=dict)  # and why
    without_mesh: dict[str, str] = field(default_factory=dict)  # converted, but the mesh failed, and why
    ended_early: list[str] = field(default_factory=list)  # by Ctrl+C; the next batch makes them again

    @property
    def sentence(self) -> str:
        """How many of each."""
        converted = f"{len(self.converted)} converted"
        converted += f" ({len(self.without_mesh)} without a mesh)" if self.without_mesh else ""
        others = f", {len(self.elsewhere)} at work elsewhere" if self.elsewhere else ""
        others += f", {len(self.ended_early)} ended early" if self.ended_early else ""
        return f"{converted}, {len(self.skipped)} finished before{others}, {len(self.failed)} failed."


class Batch:
    """Tasks to be done with the same settings."""

    def __init__(
        self,
        tasks: list[Task],
        wanted: settings.ReconstructSettings,
        say: Callable[[str, str], None],  # hears the name of a set and what happens to it
        force: bool = False,  # finished ones too
        keep_scenes: bool = False,  # on the worker
    ) -> None:
        self._tasks, self._wanted, self._say = tasks, wanted, say
        self._force, self._keep_scenes = force, keep_scenes
        self._watch, self.tally = claims.Watch(), Tally()

    def run(self) -> None:
        """Do all of them; what is wrong with one does not keep the others from being done.

        Those that another task has claimed are looked at again until it is known whether it lives. Raises `TttlrmError` when
        the folder for the results cannot be made or written to, and `KeyboardInterrupt` after a set that was ended early.
        """
        for place in {task.out.parent for task in self._tasks}:
            files.make_folder(place)
            files.require_folder(place, room=files.LEAST_ROOM)
        waiting = [task for task in self._tasks if not self._settle(task)]
        while waiting:
            time.sleep(claims.LOOK)
            waiting = [task for task in waiting if not self._settle(task)]

    def _settle(self, task: Task) -> bool:
        """Do a task, or find that it needs no doing; False when another task has it, alive or dead."""
        if self._skipped(task):
            return True
        try:
            return self._claim(task)
        except errors.Cancelled:
            self._fail(task, "Somebody stopped the job on the worker.")
            return True
        except (errors.TttlrmError, OSError, RuntimeError) as error:  # the last is what Blender's own functions raise
            self._fail(task, str(error).strip())
            return True

    def _fail(self, task: Task, why: str) -> None:
        self.tally.failed[task.name] = why
        task.note_failure(why)
        self._say(task.name, f"failed. {why}")

    def _claim(self, task: Task) -> bool:
        claim = self._watch.claim(task.out)
        if claim is None and self._watch.alive(task.out):
            self.tally.elsewhere.append(task.name)
            return True
        if claim is None:
            return False
        with claim:
            if not self._skipped(task):  # another task may have finished it just before
                self._make(task)
        return True

    def _make(self, task: Task) -> None:
        made = result.make(task, self._wanted, self._keep_scenes, lambda what: self._say(task.name, what))
        task.note_failure("")
        if made.early:
            self.tally.ended_early.append(task.name)
            raise KeyboardInterrupt
        self.tally.converted.append(task.name)
        if made.lacks:
            self.tally.without_mesh[task.name] = made.lacks

    def _skipped(self, task: Task) -> bool:
        if self._force or not task.finished:
            return False
        self.tally.skipped.append(task.name)
        return True


def add_arguments(parser: ArgumentParser) -> None:
    """Add the options that `run` reads."""
    parser.add_argument("--force", action="store_true", help="do finished ones again")
    parser.add_argument("--json", action="store_true", help="print the outcome as one JSON object at the end")
    options.add_reconstruct_options(parser, settings.ReconstructSettings(mesh=settings.MeshSettings()))
    worker_options.add_arguments(parser, keep=True)


def run(tasks: list[Task], args: Namespace, failed: Mapping[str, str] = MappingProxyType({})) -> bool:
    """Do the tasks as the options say and tell what came of them; whether anything failed, or had `failed` before, and why."""
    keep_scenes = worker_options.keeps(args)
    worker_options.use(args, keep_scenes)
    say = _printer()
    batch = Batch(tasks, options.reconstruct_settings(args), say, args.force, keep_scenes)
    for name, why in failed.items():
        batch.tally.failed[name] = why
        say(name, f"failed. {why}")
    try:
        batch.run()
    except KeyboardInterrupt:
        _tell(batch.tally, args.json)
        raise
    _tell(batch.tally, args.json)
    return bool(batch.tally.failed or batch.tally.without_mesh)


def _tell(tally: Tally, as_json: bool) -> None:
    print(tally.sentence)
    if as_json:
        print(json.dumps(vars(tally), ensure_ascii=False), flush=True)


def _printer() -> Callable[[str, str], None]:
    """Prints what happens to a set, a line for each change."""
    last = ("", "")

    def say(name: str, what: str) -> None:
        nonlocal last
        if (name, what) != last:
            last = name, what
            print(f"{name}: {what}", flush=True)

    return say
