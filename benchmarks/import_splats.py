# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a PLY of a million splats of SH degree 3 takes to become an object in Blender.

Needs the bpy module. Usage: python benchmarks/import_splats.py [SPLATS]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import bpy
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from operators.scene.splats import add_splats
from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.gaussians.ply import read_ply, write_ply


def random_splats(count: int) -> Gaussians:
    """Splats of all shapes and colours in a unit cube."""
    rng = np.random.default_rng(0)
    quats = rng.normal(size=(count, 4)).astype(np.float32)
    quats /= np.linalg.norm(quats, axis=1, keepdims=True)
    means, opacities = rng.random((count, 3), dtype=np.float32), rng.random(count, dtype=np.float32)
    scales = rng.uniform(0.001, 0.01, (count, 3)).astype(np.float32)
    return Gaussians(means, quats, scales, opacities, rng.standard_normal((count, 16, 3), dtype=np.float32))


def main(count: int = 1_000_000) -> None:
    """Write the file, import it, print the seconds of both steps."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "splats.ply"
        write_ply(path, random_splats(count))
        started = time.perf_counter()
        splats = read_ply(path)
        read = time.perf_counter()
        add_splats("splats", splats)
        bpy.context.view_layer.update()
        added = time.perf_counter()
        print(f"{count} splats, {path.stat().st_size / 1e6:.0f} MB, Blender {bpy.app.version_string}")
    print(f"read the file {read - started:.2f} s, made the object {added - read:.2f} s, together {added - started:.2f} s")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
