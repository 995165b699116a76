# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconstruct, decode and forget scenes over and over in one worker, and watch its memory.

python -m soak.cycles [--cycles 500] [--photos FOLDER] [--size 96x128]

FOLDER is a photo set that the default network reads; without it, small made-up photos and a small network are used.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import psutil

from tests.worker.photo_folder import write_checkpoint, write_photos
from tttlrm_blender.client import launch_worker
from tttlrm_blender.commands.option_forms import size
from tttlrm_blender.protocol import kinds
from tttlrm_blender.protocol.settings import DRAFT, DecodeSettings, ReconstructSettings

EVERY, WARM, TARGET = 50, 10, 0.05  # cycles between lines; the cycle from which growth counts; allowed growth


def main() -> int:
    """Print memory now and then, and its growth; exit status 1 if that exceeds the target."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cycles", type=int, default=500)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--size", type=size, default=(96, 128))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        photos = options.photos or write_photos(Path(folder) / "photos")
        checkpoint = "default" if options.photos else str(write_checkpoint(Path(folder) / "small.safetensors"))
        width, height = options.size if options.photos else (0, 0)
        settings = ReconstructSettings(checkpoint=checkpoint, width=width, height=height, refine=DRAFT)
        grown = measure(photos, settings, options.cycles)
    print(f"memory grew by {grown:+.1%} since cycle {WARM}, target {TARGET:.0%} at most")
    return 1 if grown > TARGET else 0


def measure(photos: Path, settings: ReconstructSettings, cycles: int) -> float:
    """Run the cycles; return the growth of memory as a share."""
    files = {path.relative_to(photos).as_posix(): path for path in photos.rglob("*") if path.is_file()}
    with launch_worker() as worker, worker.connect() as client:
        assert worker.process is not None
        process, started, warm = psutil.Process(worker.process.pid), time.perf_counter(), 0
        for cycle in range(1, cycles + 1):
            client.submit("scene", kinds.RECONSTRUCT, settings, files).result()
            client.submit("scene", kinds.DECODE, DecodeSettings(keep=0.2)).result()
            client.forget("scene")
            memory = process.memory_info().rss
            warm = memory if cycle == WARM else warm
            if cycle == WARM or cycle % EVERY == 0:
                print(f"after {cycle} cycles {memory / 2**20:.0f} MiB, {time.perf_counter() - started:.0f} s", flush=True)
    return memory / warm - 1


if __name__ == "__main__":
    sys.exit(main())
