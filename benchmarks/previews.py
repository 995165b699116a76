# SPDX-License-Identifier: GPL-3.0-or-later
"""What it costs to show splats while photos are read: the same jobs with and without somebody who looks.

python -m benchmarks.previews PHOTOS [--times 3]

PHOTOS is a set whose cameras are known, such as the fox. Scans of 16 and 32 photos at the default size, and 16 photos that
join 16. The cheapest of several runs counts; processor time says more than the clock on a busy machine.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tttlrm_blender.pipeline import jobs
from tttlrm_blender.pipeline.scene import Scene
from tttlrm_blender.protocol.messages import Event, Preview
from tttlrm_blender.protocol.results import ReconstructResult
from tttlrm_blender.protocol.settings import ExtendSettings, ReconstructSettings
from tttlrm_blender.worker.outcome import JobReport

SCANS = (("full", 16), ("ar", 16), ("ar", 32))
JOINING = 16  # photos of half the set that a scene of the other half is extended by


@dataclass
class Run:
    """One job: seconds until the end and until each preview."""

    seconds: float = 0.0
    processor: float = 0.0  # seconds, of all threads
    previews: list[float] = field(default_factory=list)
    splats: int = 0  # in the last preview


def run(job: Callable[[JobReport], ReconstructResult], watched: bool) -> Run:
    """Do a job."""
    result, started, used = Run(), time.perf_counter(), time.process_time()

    def hear(event: Event) -> None:
        if isinstance(event, Preview):
            result.previews.append(time.perf_counter() - started)
            result.splats = len(event.gaussians)

    job(JobReport(hear, watched=watched))
    result.seconds, result.processor = time.perf_counter() - started, time.process_time() - used
    return result


def compare(name: str, job: Callable[[JobReport], ReconstructResult], times: int) -> None:
    """Print a job's line of the table."""
    runs = [[run(job, watched) for watched in (False, True)] for _ in range(times)]
    plain, shown = (min(column, key=lambda each: each.processor) for column in zip(*runs, strict=True))
    print(
        f"| {name} | {plain.seconds:.1f} s, {plain.processor:.1f} s | {shown.seconds:.1f} s, {shown.processor:.1f} s"
        f" | {shown.seconds / plain.seconds:.2f}, {shown.processor / plain.processor:.2f}"
        f" | {len(shown.previews)}, of {shown.splats:,} splats | {shown.previews[0]:.1f} s |",
        flush=True,
    )


def halves(photos: Path, folder: Path) -> tuple[Path, Callable[[], None]]:
    """A copy of a set without every other photo, and what puts those into it."""
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


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, metavar="PHOTOS")
    parser.add_argument("--times", type=int, default=3)
    options = parser.parse_args()
    print("| job | alone: clock, processor | with previews | ratios | previews | first after |")
    print("|---|---|---|---|---|---|")
    for scan, views in SCANS:
        scene, settings = Scene(options.photos), ReconstructSettings(scan=scan, views=views)
        compare(f"{scan}, {views} photos", partial(jobs.reconstruct, scene, settings), options.times)
    with tempfile.TemporaryDirectory() as folder:
        copy, put = halves(options.photos, Path(folder))
        scene = Scene(copy)
        jobs.reconstruct(scene, ReconstructSettings(scan="ar", views=JOINING), JobReport(lambda event: None))
        put()
        state = scene.state
        settings = ExtendSettings(views=JOINING)
        compare(f"extend by {JOINING}", lambda report: jobs.extend(Scene(copy, state=state), settings, report), options.times)


if __name__ == "__main__":
    main()
