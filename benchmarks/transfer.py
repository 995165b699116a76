# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast splats come from a worker: 1,000,000 of SH degree 3 into Blender, and a scene decoded again.

python -m benchmarks.transfer [--splats 1000000] [--photos FOLDER]

The first wants the bpy module: seconds from the request to the point cloud in the scene, and the most memory that each side
took beyond what it had before, as a multiple of the data. The second takes 8 views at 256×256 of FOLDER: the seconds of
`decode` with other settings, arrays in the client's hands, against those of `reconstruct`.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from tttlrm_blender.client import Client, launch_worker
from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.pipeline.job_kind import JobKind, by_name
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol import kinds
from tttlrm_blender.protocol.kinds import Kind
from tttlrm_blender.protocol.results import DecodeResult, Nothing
from tttlrm_blender.protocol.settings import DecodeSettings, ReconstructSettings
from tttlrm_blender.worker.program import Registry
from tttlrm_blender.worker.program import main as serve

TARGET_SECONDS, TARGET_MEMORY, TARGET_DECODE = 2.5, 2.5, 0.3
PAUSE = 0.01  # seconds between looks at memory
REPEATS = 5


@dataclass(frozen=True)
class MakeSettings:
    """How many splats to make, once."""

    splats: int = 1_000_000


MAKE = Kind("make", MakeSettings, Nothing)
GIVE = Kind("give", MakeSettings, DecodeResult)


class Scene:
    """Splats in memory."""

    def __init__(self, folder: Path) -> None:
        self.gaussians: Gaussians | None = None


def make(scene: Scene, settings: MakeSettings, report: Report) -> Nothing:
    """Make the splats."""
    random, count = np.random.default_rng(0), settings.splats
    shapes = {"means": (3,), "quats": (4,), "scales": (3,), "opacities": (), "sh": (16, 3)}
    scene.gaussians = Gaussians(**{name: random.random((count, *shape), np.float32) for name, shape in shapes.items()})
    return Nothing()


def give(scene: Scene, settings: MakeSettings, report: Report) -> DecodeResult:
    """Give the splats."""
    assert scene.gaussians is not None
    return DecodeResult(scene.gaussians)


class Peak:
    """The most memory that a process takes while the block lasts, beyond what it had at its beginning, in bytes."""

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
        """Bytes."""
        return self.most - self.before

    def _watch(self) -> None:
        while not self._over.wait(PAUSE):
            self.most = max(self.most, self._process.memory_info().rss)


def main() -> None:
    """Print a line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--splats", type=int, default=1_000_000)
    parser.add_argument("--photos", type=Path)
    options = parser.parse_args()
    with launch_worker(program=("-m", "benchmarks.transfer", "worker")) as worker, worker.connect() as client:
        into_blender(client, worker.process.pid, options.splats)
    if options.photos:
        with launch_worker() as worker, worker.connect() as client:
            decoded_again(client, options.photos)


def into_blender(client: Client, worker: int, count: int) -> None:
    """Print seconds and memory of splats on their way into a scene."""
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
    seconds = statistics.median(times)
    print(f"{count:,} splats ({size / 1e6:.0f} MB) into Blender: {seconds:.2f} s in the median, target {TARGET_SECONDS} s")
    print(f"memory: Blender {max(here):.2f}, worker {max(there):.2f} times the data at most, target {TARGET_MEMORY}")


def decoded_again(client: Client, photos: Path) -> None:
    """Print the seconds of decoding with other settings, and of reconstructing anew."""
    files = {path.relative_to(photos).as_posix(): path for path in photos.rglob("*") if path.is_file()}
    settings = ReconstructSettings(views=8, width=256, height=256)
    client.submit("photos", kinds.RECONSTRUCT, settings, files).result()
    decode = [timed(client, kinds.DECODE, DecodeSettings(keep=0.3 + 0.05 * turn)) for turn in range(REPEATS)]
    whole = [timed(client, kinds.RECONSTRUCT, settings) for _ in range(REPEATS)]
    again, anew = statistics.median(decode), statistics.median(whole)
    print(
        f"decode with other settings {again:.3f} s, target {TARGET_DECODE} s; reconstruct {anew:.2f} s, {anew / again:.1f} times"
    )


def timed(client: Client, kind: Kind, settings: object) -> float:
    """Seconds of a job, until its arrays are here."""
    started = time.perf_counter()
    client.submit("photos", kind, settings).result()
    return time.perf_counter() - started


JOBS = by_name(JobKind(MAKE, make), JobKind(GIVE, give))

if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        serve(sys.argv[2:], lambda: Registry(JOBS, Scene))
    else:
        main()
