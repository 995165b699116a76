# SPDX-License-Identifier: GPL-3.0-or-later
"""Time how long a reconstruction with previews blocks Blender's main thread.

python -m benchmarks.main_thread PHOTOS [--views 16] [--scan full] [--seconds 10] [--rows 10] [--processor]

Needs the bpy module; the worker is a real one. The operator runs as without a window, with one call of `_take` per event, as in
`modal`. The viewport's overlay draws after every preview and after the result. The table shows the longest calls of functions
in operators/, without the time they spend waiting for events, in `points.write`, which passes attributes to Blender, and in the
canvas, which is the GPU's time. On a machine that others use, `--processor` is more reliable.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from time import perf_counter, thread_time
from types import CodeType, FrameType
from typing import Any

import bpy

import operators
from benchmarks.table import Row, show
from operators.actions.reconstruct import TTTLRM_OT_reconstruct
from operators.jobs import worker
from operators.jobs.chosen_worker import Worker
from tests.operators.viewport import gpu_process
from tttlrm_blender.poses.camera_files import read_cameras
from tttlrm_blender.protocol.messages import Done, Event, Preview
from tttlrm_blender.protocol.results import ReconstructResult

TARGET = 0.05  # seconds
ROOT = Path(operators.__file__).parent
WAITING = {"job.Job.events", "background.Background.wait"}
APART = {"points.write"} | WAITING  # passing attributes to Blender, or waiting
WHOLE = {"job_operator.JobOperator.execute", "job_operator.JobOperator._wait"}  # which last as long as the job


def is_apart(name: str) -> bool:
    """Whether a function's time is Blender's own, the GPU's (all of the canvas), or another process's."""
    return name in APART or name.startswith("canvas.")


@cache
def name_of(code: CodeType) -> str:
    """The name of a function of the extension; empty for functions that do not count."""
    file, name = Path(code.co_filename), f"{Path(code.co_filename).stem}.{code.co_qualname}"
    return name if is_apart(name) or (ROOT in file.parents and name not in WHOLE and "<" not in name) else ""


class Calls:
    """Measures the calls of a thread's functions."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.seconds: defaultdict[str, list[float]] = defaultdict(list)
        self._open: list[list[float]] = []  # for every running function: its start, and the seconds so far that are not its own

    def __enter__(self) -> Calls:
        sys.setprofile(self._note)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _note(self, frame: FrameType, happening: str, _: Any) -> None:
        if happening == "call":
            self._open.append([self._clock(), 0.0])
        elif happening == "return" and self._open:
            (began, apart), name = self._open.pop(), name_of(frame.f_code)
            lasted, counts = self._clock() - began, not is_apart(name)
            if name and name not in WAITING:
                self.seconds[name].append(lasted - apart if counts else lasted)
            if self._open:
                self._open[-1][1] += apart if counts else lasted


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, metavar="PHOTOS", help="photo set with a transforms.json")
    parser.add_argument("--views", type=int, default=16)
    parser.add_argument("--scan", default="full")
    parser.add_argument("--seconds", type=float, default=10.0, help="seconds of refinement")
    parser.add_argument("--rows", type=int, default=10)
    parser.add_argument("--processor", action="store_true", help="measure CPU time instead of wall-clock time")
    options = parser.parse_args()
    bpy.ops.wm.read_factory_settings(use_empty=True)
    gpu_process.begin()
    operators.register()
    with tempfile.TemporaryDirectory() as folder:
        worker.instead = Worker(python=Path(sys.executable), log=Path(folder) / "worker.log")
        worker.watched = True
        bpy.ops.tttlrm.start_worker()
        draw_what_comes(options.photos)
        wanted = {"views": options.views, "scan": options.scan, "refine_seconds": options.seconds}
        with Calls(thread_time if options.processor else perf_counter) as calls:
            bpy.ops.tttlrm.reconstruct(directory=str(options.photos), **wanted)
        worker.link.close()
    show(rows(calls, options.rows, ", CPU time" if options.processor else ""))
    operators.unregister()


def draw_what_comes(photos: Path) -> None:
    """Make the overlay draw every preview and the result, from the photos' first camera."""
    eye, take = gpu_process.eye_of(read_cameras(photos / "transforms.json")[1].resized(480, 270)), TTTLRM_OT_reconstruct._take

    def taken(operator: TTTLRM_OT_reconstruct, context: bpy.types.Context, event: Event) -> set[str] | None:
        outcome = take(operator, context, event)
        if isinstance(event, Preview | Done):
            shown = event if isinstance(event, Preview) else event.result(ReconstructResult)
            print(f"{type(event).__name__} of {len(shown.gaussians):,} splats", flush=True)
            gpu_process.draw_overlay(eye, (480, 270))
        return outcome

    TTTLRM_OT_reconstruct._take = taken


def rows(calls: Calls, count: int, clock: str) -> Iterator[Row]:
    """The functions with the longest calls."""
    for name, seconds in sorted(calls.seconds.items(), key=lambda item: -max(item[1]))[:count]:
        yield Row(f"{name}, longest of {len(seconds)} calls{clock}", max(seconds), at_most=None if is_apart(name) else TARGET)


if __name__ == "__main__":
    main()
