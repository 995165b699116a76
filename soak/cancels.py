# SPDX-License-Identifier: GPL-3.0-or-later
"""Cancel reconstructions at random moments, and measure how long the worker takes to stop.

python -m soak.cancels FOLDER [--cancels 60] [--seed 0]

FOLDER is a photo set that the default network reads.
"""

from __future__ import annotations

import argparse
import random
import sys
import threading
import time
from pathlib import Path

from tttlrm_blender.client import Client, launch_worker
from tttlrm_blender.errors import Cancelled
from tttlrm_blender.protocol import kinds
from tttlrm_blender.protocol.messages import Event, Progress
from tttlrm_blender.protocol.settings import MeshSettings, ReconstructSettings, RefineSettings

WHOLE = ReconstructSettings(views=8, width=270, height=480, refine=RefineSettings(steps=30), mesh=MeshSettings())
TARGET = 0.5  # seconds


def main() -> int:
    """Print the slowest cancellation of every stage; exit status 1 if one was too slow."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--cancels", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    files = {path.relative_to(options.photos).as_posix(): path for path in options.photos.rglob("*") if path.is_file()}
    chance, slowest = random.Random(options.seed), dict[str, float]()
    with launch_worker() as worker, worker.connect() as client:
        started = time.perf_counter()
        client.submit("scene", kinds.RECONSTRUCT, WHOLE, files).result()
        longest = time.perf_counter() - started
        for _ in range(options.cancels):
            stage, seconds = cancelled(client, chance.uniform(0, longest))
            slowest[stage] = max(slowest.get(stage, 0.0), seconds)
    for stage, seconds in slowest.items():
        print(f"{stage}: {seconds:.2f} s at most, target {TARGET} s")
    return 1 if max(slowest.values()) > TARGET else 0


def cancelled(client: Client, after: float) -> tuple[str, float]:
    """Cancel a job some seconds after its start; return its stage at that moment, and the seconds until it ended."""
    at, asked = "submit", [("done", 0.0)]

    def follow(event: Event) -> None:
        nonlocal at
        if isinstance(event, Progress):
            at = event.stage

    def stop() -> None:
        asked[0] = (at, time.perf_counter())
        job.cancel()

    job = client.submit("scene", kinds.RECONSTRUCT, WHOLE)
    timer = threading.Timer(after, stop)
    timer.start()
    try:
        job.result(follow)
        timer.cancel()
        return "done", 0.0
    except Cancelled:
        stage, moment = asked[0]
        return stage, time.perf_counter() - moment


if __name__ == "__main__":
    sys.exit(main())
