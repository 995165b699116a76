# SPDX-License-Identifier: GPL-3.0-or-later
"""What simplifying does to the topology of a mesh: python -m benchmarks.topology MESH [FACES…] [--smooth STEPS] [--out DIR]."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import trimesh

from tttlrm_blender.mesh.close import border_loops
from tttlrm_blender.mesh.files import write_mesh
from tttlrm_blender.mesh.manifold import edges_of, manifold, split_nonmanifold
from tttlrm_blender.mesh.mesh import make_mesh, points_of
from tttlrm_blender.mesh.simplify import simplify
from tttlrm_blender.mesh.smooth import smoothed

COLUMNS = ("faces", "edges of 3 faces", "vertices of 2 fans", "border edges", "border length", "loops", "CPU s")


def figures(points: np.ndarray, faces: np.ndarray, seconds: float) -> tuple[str, ...]:
    """A row of the table; vertices at one place count as one, as programs that weld have them."""
    _, welded = np.unique(points, axis=0, return_inverse=True)
    welded = welded.reshape(-1)[faces]
    edges, edge = edges_of(welded)
    count = np.bincount(edge)
    places = np.zeros((welded.max() + 1, 3))
    places[welded] = points[faces]
    ends = places[edges[count == 1]]
    cut, origin = split_nonmanifold(welded)
    length = np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1).sum()
    numbers = (len(faces), (count > 2).sum(), (np.bincount(origin) > 1).sum(), len(ends), length, len(border_loops(cut)), seconds)
    return tuple(f"{number:,.2f}" if isinstance(number, float) else f"{number:,}" for number in numbers)


def main() -> None:
    """Simplify a file's mesh and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mesh", type=Path)
    parser.add_argument("faces", type=int, nargs="*", default=[50_000, 12_500, 2_500])
    parser.add_argument("--smooth", type=int, default=0)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    read = trimesh.load(args.mesh, force="mesh")
    whole = manifold(make_mesh(read.vertices, read.faces, np.full((len(read.vertices), 3), 0.5, np.float32)))
    points = points_of(whole)
    simplify(points, whole.faces[:1000], 500)  # compiles
    print(*COLUMNS, sep="\t")
    print(*figures(points_of(read), np.asarray(read.faces), 0.0), sep="\t")
    if args.smooth:
        points = smoothed(points, whole.faces, args.smooth)
    for most in args.faces:
        start = time.process_time()
        fewer, left = simplify(points, whole.faces, most)
        print(*figures(fewer, left, time.process_time() - start), sep="\t")
        if args.out:
            write_mesh(args.out / f"{most}.ply", make_mesh(fewer, left, np.full((len(fewer), 3), 0.5, np.float32)))


if __name__ == "__main__":
    main()
