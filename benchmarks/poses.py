# SPDX-License-Identifier: GPL-3.0-or-later
"""How many photos find a place without their poses, how far their cameras then stand from known ones, and how long it takes.

python benchmarks/poses.py PHOTOS [--poses auto]

PHOTOS have known poses. Distances are shares of the extent of the known cameras, after the similarity that fits best.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np

from tttlrm_blender.errors import Text
from tttlrm_blender.poses.find import find_photos
from tttlrm_blender.progress import Report


class Notes(Report):
    """Prints what is worth telling."""

    def note(self, text: Text) -> None:
        """A sentence for the user."""
        print(text)


def main() -> None:
    """Print a line of figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--poses", default="auto")
    options = parser.parse_args()
    known = {photo.path.name: photo for photo in find_photos(options.photos, options.poses)}
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "bare"
        bare.mkdir()
        for photo in known.values():
            shutil.copy(photo.path, bare / photo.path.name)
        os.environ["TTTLRM_CACHE"] = f"{folder}/cache"
        started = time.perf_counter()
        found = find_photos(bare, report=Notes())
    spent = time.perf_counter() - started
    truth = np.stack([known[photo.path.name].c2w[:3, 3] for photo in found])
    away = np.linalg.norm(aligned(np.stack([photo.c2w[:3, 3] for photo in found]), truth) - truth, axis=1)
    extent = np.linalg.norm(np.ptp(truth, axis=0))
    print(f"{len(found)} of {len(known)} photos found a place in {spent:.0f} s")
    print(f"camera positions off by {np.median(away) / extent:.3%} in the median, {away.max() / extent:.3%} at most")


def aligned(
    points: np.ndarray,  # [N, 3]
    target: np.ndarray,  # [N, 3]
) -> np.ndarray:
    """Points [N, 3] moved by the similarity that brings them nearest to others (Umeyama 1991)."""
    p, q = points - points.mean(0), target - target.mean(0)
    left, stretch, right = np.linalg.svd(q.T @ p)
    signs = np.diag([1, 1, np.sign(np.linalg.det(left @ right))])
    scale = (stretch * np.diag(signs)).sum() / (p**2).sum()
    return scale * p @ (left @ signs @ right).T + target.mean(0)


if __name__ == "__main__":
    main()
