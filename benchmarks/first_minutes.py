# SPDX-License-Identifier: GPL-3.0-or-later
"""From an empty file to refined splats in a Blender with a window, with default settings: clicks, seconds, PSNR and previews.

python -m benchmarks.first_minutes PHOTOS [--blender "xvfb-run -a blender"] [--out out/first_minutes]

The worker runs in this Python, and is ready. Pictures of every step go to OUT/pictures, the window during the job to OUT/watched.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.table import Row, show
from tools import window
from tttlrm_blender.client import launch_worker

SCRIPT = window.ROOT / "benchmarks" / "inside" / "first_minutes.py"
STEP, SHARE = 8, 0.001  # a view has changed if this share of its pixels differ by so many of 255 levels


def main() -> int:
    """Drive Blender, then print the table; the exit status is Blender's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    window.add_option(parser)
    parser.add_argument("--out", type=Path, default=Path("out/first_minutes"))
    options = parser.parse_args()
    out = window.empty(options.out.resolve())
    with launch_worker() as worker:
        reach = {"host": worker.host, "port": worker.port, "token": worker.token}
        plan = {"worker": reach, "photos": str(options.photos.resolve()), "out": str(out)}
        status = window.run(options.blender, SCRIPT, plan)
    if status == 0:
        show(rows(json.loads((out / "seen.json").read_text()), out / "watched"))
    return status


def rows(seen: dict, watched: Path) -> Iterator[Row]:
    """What happened, from the script's record of it and the pictures of the view."""
    yield Row("clicks after choosing the folder", seen["clicks"], unit="", at_most=3)
    yield Row("first splats", seen["first"])
    yield Row("end", seen["seconds"])
    yield Row("steps", seen["steps"], unit="")
    yield Row("PSNR over photos set aside", seen["psnr"], unit="dB", at_least=26)
    changes = [0.0, *changed(sorted(watched.glob("*.png")), seen["view"])]
    yield Row("longest time without a change, before the first splats", longest(changes, 0, seen["first"]))
    yield Row("longest time without a change, later", longest(changes, seen["first"], seen["seconds"]), at_most=10)


def changed(pictures: list[Path], view: list[int]) -> Iterator[float]:
    """The seconds, in the names of the pictures, at which the view (left, top, right, bottom) has changed."""
    before = None
    for path in pictures:
        with Image.open(path) as image:
            now = np.asarray(image.convert("RGB").crop(tuple(view))).astype(int)
        if before is not None and (abs(now - before).max(axis=-1) > STEP).mean() > SHARE:
            yield float(path.stem)
        before = now


def longest(changes: list[float], start: float, end: float) -> float:
    """The longest time without a change between two times."""
    times = [start, *(each for each in changes if start < each < end), end]
    return max(later - sooner for sooner, later in pairwise(times))


if __name__ == "__main__":
    sys.exit(main())
