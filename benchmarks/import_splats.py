# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a PLY of a million splats of SH degree 3 takes to become an object in Blender.

Needs the bpy module. Usage: python -m benchmarks.import_splats [SPLATS]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import bpy
import numpy as np

from operators.scene.splats import add_splats
from tttlrm_blender.gaussians.formats.ply import read_ply, write_ply
from tttlrm_blender.gaussians.gaussians import Gaussians


def random_splats(count: int) -> Gaussians:
    """Splats of all shapes and colours in a unit cube."""
    rng = np.random.default_rng(0)
    quats = rng.normal(size=(count, 4)).astype(np.float32)
    quats /= np.linalg.norm(quats, axis=1, keepdims=True)
    means, opacities = rng.random((count, 3), dtype=np.float32), rng.random(count, dtype=np.float32)
    scales = rng.uniform(0.001, 0.01, (count, 3)).astype(np.float32)
    return Gaussians(means, quats, scales, opacities, rng.standard_normal((count, 16, 3), dtype=np.float32))


def main(count: int = 1_000_000, tries: int = 5) -> None:
    """Write the file, import it several times, print the seconds of each step, the fastest try last."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "splats.ply"
        write_ply(path, random_splats(count))
        print(f"{count} splats, {path.stat().st_size / 1e6:.0f} MB, Blender {bpy.app.version_string}")
        for seconds in sorted((timed(path) for _ in range(tries)), key=sum, reverse=True):
            read, made, drawn = seconds
            print(f"read {read:.2f} s, object {made:.2f} s, evaluated to be drawn {drawn:.2f} s, together {sum(seconds):.2f} s")


def timed(path: Path) -> tuple[float, float, float]:
    """Seconds to read a file, to make the object, and to evaluate the scene with it."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    clock = [time.perf_counter()]
    splats = read_ply(path)
    clock.append(time.perf_counter())
    add_splats("splats", splats)
    clock.append(time.perf_counter())
    bpy.context.view_layer.update()
    clock.append(time.perf_counter())
    return clock[1] - clock[0], clock[2] - clock[1], clock[3] - clock[2]


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
