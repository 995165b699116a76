# SPDX-License-Identifier: GPL-3.0-or-later
"""Time transferring a million splats of SH degree 3 from a worker into Blender, and measure the memory that takes.

python -m benchmarks.transfer [--splats 1000000]

Needs the bpy module. Seconds are measured from the request to the point cloud in the scene; memory is the peak growth of each
process, as a multiple of the size of the data.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.splats import on_a_sphere
from benchmarks.table import Row, show
from tttlrm_blender.client import Client, launch_worker
from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.pipeline.job_kind import JobKind, by_name
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.fields import number
from tttlrm_blender.protocol.kinds import Kind
from tttlrm_blender.protocol.results import DecodeResult, Nothing
from tttlrm_blender.worker.program import Registry
from tttlrm_blender.worker.program import main as serve

TARGET_SECONDS, TARGET_MEMORY = 2.5, 2.5  # memory as a multiple of the data
PAUSE = 0.01  # seconds between samples of memory
REPEATS = 5


@dataclass(frozen=True)
class MakeSettings:
    """The number of splats to make."""

    splats: int = number(1_000_000, 1, 100_000_000, "Splats", "How many to make")


MAKE = Kind("make", MakeSettings, Nothing)
GIVE = Kind("give", MakeSettings, DecodeResult)


class Scene:
    """A scene that only keeps splats in memory."""

    def __init__(self, folder: Path) -> None:
        self.gaussians: Gaussians | None = None


def make(scene: Scene, settings: MakeSettings, report: Report) -> Nothing:
    """Make the splats."""
    scene.gaussians = on_a_sphere(settings.splats)
    return Nothing()


def give(scene: Scene, settings: MakeSettings, report: Report) -> DecodeResult:
    """Return the splats."""
    assert scene.gaussians is not None
    return DecodeResult(scene.gaussians)


class Peak:
    """Measures the peak growth of a process's memory during a block, in bytes."""

    def __init__(self, pid: int) -> None:
        self._process, self._over = psutil.Process(pid), threading.Event()
        self.before = self.most = self._process.memory_info().rss

    def __enter__(self) -> Peak:
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def grown(self) -> int:
        """The peak growth in bytes."""
        return self.most - self.before

    def _watch(self) -> None:
        while not self._over.wait(PAUSE):
            self.most = max(self.most, self._process.memory_info().rss)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--splats", type=int, default=1_000_000)
    options = parser.parse_args()
    show(rows(options.splats))


def rows(count: int) -> Iterator[Row]:
    """Time a worker that runs this module's jobs."""
    with launch_worker(program=("-m", "benchmarks.transfer", "worker")) as worker, worker.connect() as client:
        assert worker.process is not None
        yield from into_blender(client, worker.process.pid, count)


def into_blender(client: Client, worker: int, count: int) -> Iterator[Row]:
    """Seconds and memory of the transfer into a scene; `worker` is the worker's process id."""
    from operators.scene.splats import add_splats

    client.upload("scene", {"none": b""})
    client.submit("scene", MAKE, MakeSettings(count)).result()
    add_splats("warm", client.submit("scene", GIVE, MakeSettings(count)).result().gaussians[:10])
    times, here, there = [], [], []
    for _ in range(REPEATS):
        with Peak(psutil.Process().pid) as ours, Peak(worker) as theirs:
            started = time.perf_counter()
            splats = client.submit("scene", GIVE, MakeSettings(count)).result().gaussians
            add_splats("splats", splats)
            times.append(time.perf_counter() - started)
        size = sum(array.nbytes for array in splats.arrays().values())
        here.append(ours.grown / size)
        there.append(theirs.grown / size)
        del splats
    yield Row(f"{count:,} splats from the worker into Blender, median", statistics.median(times), at_most=TARGET_SECONDS)
    yield Row("memory of Blender, times the data", max(here), unit="times", at_most=TARGET_MEMORY)
    yield Row("memory of the worker, times the data", max(there), unit="times", at_most=TARGET_MEMORY)


JOBS = by_name(JobKind(MAKE, make), JobKind(GIVE, give))

if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        serve(sys.argv[2:], lambda: Registry(JOBS, Scene))
    else:
        main()
