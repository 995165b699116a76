# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the cost of previews while photos are read: the same jobs with and without them.

python -m benchmarks.previews PHOTOS [--runs 3]

PHOTOS is a set with known poses, such as the fox. The jobs are scans of 16 and 32 photos at the default size, and adding 16
photos to 16. The cheapest of several runs counts; on a busy machine, CPU time is more reliable than wall-clock time.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks.table import Row, show
from tttlrm_blender.pipeline import jobs
from tttlrm_blender.pipeline.scene import Scene
from tttlrm_blender.protocol.messages import Event, Preview
from tttlrm_blender.protocol.results import ReconstructResult
from tttlrm_blender.protocol.settings import DRAFT, ExtendSettings, ReconstructSettings
from tttlrm_blender.worker.job_events import JobReport

SCANS = (("full", 16), ("ar", 16), ("ar", 32))
JOINING = 16  # photos of one half of the set that are added to a scene of the other half


@dataclass
class Run:
    """The times of one job: seconds until the end and until each preview."""

    seconds: float = 0.0
    processor: float = 0.0  # CPU seconds of all threads
    previews: list[float] = field(default_factory=list)


def run(job: Callable[[JobReport], ReconstructResult], watched: bool) -> Run:
    """Do a job."""
    result, started, used = Run(), time.perf_counter(), time.process_time()

    def hear(event: Event) -> None:
        if isinstance(event, Preview):
            result.previews.append(time.perf_counter() - started)

    job(JobReport(hear, watched=watched))
    result.seconds, result.processor = time.perf_counter() - started, time.process_time() - used
    return result


def compared(name: str, job: Callable[[JobReport], ReconstructResult], runs: int) -> Iterator[Row]:
    """A job without and with previews."""
    pairs = [[run(job, watched) for watched in (False, True)] for _ in range(runs)]
    plain, looked_at = (min(column, key=lambda each: each.processor) for column in zip(*pairs, strict=True))
    yield Row(f"{name}, without previews", plain.seconds, plain.processor)
    yield Row(f"{name}, with {len(looked_at.previews)} previews", looked_at.seconds, looked_at.processor)
    yield Row(f"{name}, ratio", looked_at.seconds / plain.seconds, looked_at.processor / plain.processor, unit="times")
    yield Row(f"{name}, until the first preview", looked_at.previews[0])


def halves(photos: Path, folder: Path) -> tuple[Path, Callable[[], None]]:
    """A copy of a set without every other photo, and a function that adds those."""
    copy, apart = folder / "set", folder / "apart"
    shutil.copytree(photos, copy)
    shutil.move(copy / "images", apart)
    (copy / "images").mkdir()
    images = sorted(apart.iterdir())

    def put(some: list[Path]) -> None:
        for path in some:
            shutil.copy(path, copy / "images" / path.name)

    put(images[::2])
    return copy, lambda: put(images[1::2])


def rows(photos: Path, runs: int) -> Iterator[Row]:
    """The scans, then adding photos to a scene."""
    for scan, views in SCANS:
        scene, settings = Scene(photos), ReconstructSettings(scan=scan, views=views, refine=DRAFT)
        yield from compared(f"{scan}, {views} photos", partial(jobs.reconstruct, scene, settings), runs)
    with tempfile.TemporaryDirectory() as folder:
        copy, put = halves(photos, Path(folder))
        scene = Scene(copy)
        jobs.reconstruct(scene, ReconstructSettings(scan="ar", views=JOINING, refine=DRAFT), JobReport(lambda event: None))
        put()
        state, joined = scene.state, ExtendSettings(views=JOINING, refine=DRAFT)
        yield from compared(
            f"{JOINING} photos that join {JOINING}", lambda report: jobs.extend(Scene(copy, state=state), joined, report), runs
        )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, metavar="PHOTOS")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    show(rows(options.photos, options.runs))


if __name__ == "__main__":
    main()
