# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure dense depth: CPU time, the share of pixels that other photos confirm and, with exact geometry, how far off these are.

python -m benchmarks.stereo PHOTOS [--size 270x480] [--hold-out 0] [--points]

A file gt.ply beside the poses is the exact geometry, in the same world; then transforms.json names its main objects. With
--points, sparse points narrow the range of depths.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import trimesh

from benchmarks.exact_depth import cut_large, exact_depth
from benchmarks.table import Row, best, show
from tttlrm_blender.commands.option_forms import size
from tttlrm_blender.photos.load import load_photos
from tttlrm_blender.photos.selection import hold_out
from tttlrm_blender.poses.find import find_photos
from tttlrm_blender.poses.sparse_points import sparse_points
from tttlrm_blender.progress import Report
from tttlrm_blender.stereo.dense import DenseDepth, dense_depth

CLOSE = 0.01  # relative error of depths that are right


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--size", type=size, default=(0, 0))
    parser.add_argument("--hold-out", type=int, default=0, help="leave out every n-th photo, as refinement does")
    parser.add_argument("--points", action="store_true")
    show(rows(parser.parse_args()))


def rows(options: argparse.Namespace) -> Iterator[Row]:
    """Time, then accuracy."""
    files, _ = hold_out(find_photos(options.photos, "auto", Report(), {}), options.hold_out)
    photos = load_photos(files, *options.size)
    points = sparse_points(files, Report()).means if options.points else None
    dense_depth(photos[[0, 1]], points)  # compiles
    found: list[DenseDepth] = []
    seconds = best(lambda: found.append(dense_depth(photos, points)), 1)
    yield Row(f"dense depth of {len(photos)} photos", *seconds)
    confirmed = found[0].confidence > 0
    yield Row("confirmed pixels", 100 * confirmed.mean(), unit="%")
    if (options.photos / "gt.ply").exists():
        yield from errors(options.photos, found[0], confirmed)


def errors(folder: Path, found: DenseDepth, confirmed: np.ndarray) -> Iterator[Row]:
    """Errors of all pixels that show anything, and of those that show the main objects."""
    mesh = trimesh.load(folder / "gt.ply", process=False)
    objects, scene = (
        mesh.metadata["_ply_raw"]["face"]["data"]["object"].ravel(),
        json.loads((folder / "transforms.json").read_text()),
    )
    main_faces = np.isin(objects, [scene["objects"].index(name) for name in scene["main"]])
    vertices, faces = np.asarray(mesh.vertices), np.asarray(mesh.faces)
    true = exact_depth(*cut_large(vertices, faces), found.cameras)
    nearest = exact_depth(vertices, faces[main_faces], found.cameras)
    off = np.abs(found.depth / true - 1)
    for name, shown in (("main object", np.isfinite(nearest) & (nearest < true * 1.0001)), ("everything", np.isfinite(true))):
        used = confirmed & shown
        yield Row(f"{name}: confirmed", 100 * used.sum() / shown.sum(), unit="%", at_least=80)
        yield Row(f"{name}: median error of these", 100 * float(np.median(off[used])), unit="%", at_most=0.05)
        yield Row(f"{name}: of these within 1 %", 100 * float((off[used] < CLOSE).mean()), unit="%", at_least=98)
    yield Row("nothing: confirmed", 100 * confirmed[~np.isfinite(true)].mean(), unit="%")


if __name__ == "__main__":
    main()
