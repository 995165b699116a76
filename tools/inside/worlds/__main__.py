# SPDX-License-Identifier: GPL-3.0-or-later
"""Render scenes into a folder: one file each, the same for the same seed. Run again, it goes on where it ended."""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bpy
import numpy as np

from tttlrm_blender.atomic_files import replacing
from tttlrm_blender.train.recording import Recording, file_of, write

from .record import CameraPath, photograph
from .scene import build

VIEWS, SIDE, SAMPLES = 16, 128, 6


def main(arguments: list[str]) -> int:
    """Render the scenes that are missing."""
    parser = argparse.ArgumentParser(prog="python -m tools.inside.worlds", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scenes", type=int, default=200, help="number of scenes (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--views", type=int, default=VIEWS, help="pictures of each (default: %(default)s)")
    parser.add_argument("--side", type=int, default=SIDE, help="their width and height in pixels (default: %(default)s)")
    parser.add_argument("--samples", type=int, default=SAMPLES, help="rays per pixel (default: %(default)s)")
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    for number, cameras in enumerate(paths(options.seed, options.scenes, options.views, options.side)):
        path = file_of(options.folder, options.seed, number)
        if not path.exists():
            began = time.process_time()
            with replacing(path) as part:
                write(part, record(f"{options.seed} {number}", cameras, options.side, options.samples))
            print(f"{path.name}: {time.process_time() - began:.1f} s", flush=True)
    return 0


def paths(seed: int, scenes: int, views: int, side: int) -> list[CameraPath]:
    """The cameras of scenes, from a process of their own: torch does not belong into one with bpy."""
    command = [sys.executable, "-m", "tools.training_paths", *map(str, (seed, scenes, views, side))]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return [_path(**json.loads(line)) for line in lines]


def _path(c2w: list, intrinsics: list, indoors: bool) -> CameraPath:
    return CameraPath(np.array(c2w, np.float32), np.array(intrinsics, np.float32), indoors)


def record(seed: str, cameras: CameraPath, side: int, samples: int) -> Recording:
    """Build and photograph one scene."""
    chance = random.Random(seed)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    build(chance, cameras.indoors, float(np.linalg.norm(cameras.c2w[:, :3, 3], axis=1).min()))
    with tempfile.TemporaryDirectory() as scratch:
        images, depth = photograph(cameras, side, samples, chance, Path(scratch) / "view.exr")
    return Recording(images, depth, cameras.c2w, cameras.intrinsics)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
