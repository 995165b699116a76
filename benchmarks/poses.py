# SPDX-License-Identifier: GPL-3.0-or-later
"""Estimate known poses: how many photos are placed, how far their cameras are from the known ones, and how long it takes.

python -m benchmarks.poses PHOTOS [--poses auto]

PHOTOS have known poses. Distances are shares of the extent of the known cameras, after alignment by the best similarity.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.table import Row, best, show
from tttlrm_blender.geometry.alignment import align_points
from tttlrm_blender.photos.photo import Photo
from tttlrm_blender.poses.find import find_photos


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--poses", default="auto")
    options = parser.parse_args()
    show(rows({photo.path.name: photo for photo in find_photos(options.photos, options.poses)}))


def rows(known: dict[str, Photo]) -> Iterator[Row]:
    """Estimate the poses of the photos and compare them with the known ones."""
    found: list[Photo] = []
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "bare"
        bare.mkdir()
        for photo in known.values():
            shutil.copy(photo.path, bare / photo.path.name)
        os.environ["TTTLRM_CACHE"] = f"{folder}/cache"
        clock, _ = best(lambda: found.extend(find_photos(bare)), 1)  # the CPU time of other processes is not known
    yield Row(f"estimating the poses of {len(known)} photos", clock)
    yield Row("photos placed", len(found), unit="photos", at_least=len(known))
    truth, places = (np.stack([photo.c2w[:3, 3] for photo in each]) for each in ([known[p.path.name] for p in found], found))
    away = np.linalg.norm(align_points(places, truth).points(places) - truth, axis=1) / np.linalg.norm(np.ptp(truth, axis=0))
    yield Row("error of the cameras, median", 100 * float(np.median(away)), unit="%")
    yield Row("error of the cameras, largest", 100 * float(away.max()), unit="%")


if __name__ == "__main__":
    main()
