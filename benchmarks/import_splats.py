# SPDX-License-Identifier: GPL-3.0-or-later
"""Time importing a PLY of a million splats of SH degree 3 into Blender.

python -m benchmarks.import_splats [--splats 1000000] [--runs 5]

Needs the bpy module.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import bpy

from benchmarks.splats import on_a_sphere
from benchmarks.table import Row, best, show
from operators.scene.splats import add_splats
from tttlrm_blender.gaussians.formats.ply import read_ply, write_ply

TARGET = 1.0  # seconds for a million, in total


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--splats", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    show(rows(options.splats, options.runs))


def rows(count: int, runs: int) -> Iterator[Row]:
    """Each part, and the total."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "splats.ply"
        write_ply(path, on_a_sphere(count))
        yield Row(f"{count:,} splats read from PLY", *best(lambda: read_ply(path), runs))
        brought_in = best(lambda: bring_in(path), runs, before=lambda: bpy.ops.wm.read_factory_settings(use_empty=True))
        yield Row("read, made an object and evaluated to be drawn", *brought_in, at_most=TARGET)


def bring_in(path: Path) -> None:
    """Read a file into the scene."""
    add_splats("splats", read_ply(path))
    bpy.context.view_layer.update()


if __name__ == "__main__":
    main()
