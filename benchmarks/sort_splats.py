# SPDX-License-Identifier: GPL-3.0-or-later
"""Time the overlay's thread: splats are packed when they change, and sorted when the view changes.

python -m benchmarks.sort_splats [--splats 1000000] [--runs 10]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np

from benchmarks.table import Row, best, show
from tttlrm_blender.gaussians.drawing import Cloud, Eye, Placed, back_to_front, pack

TARGET = 0.3  # seconds for a million, both together


def main() -> None:
    """Print the best of several runs, and the first, which also waits for memory."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--splats", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=10)
    options = parser.parse_args()
    show(rows(options.splats, options.runs))


def rows(count: int, runs: int) -> Iterator[Row]:
    """Both parts, separately and together."""
    cloud, placed = random_cloud(count), [Placed(0, np.eye(4))]
    projection = np.array([[2.0, 0, 0, 0], [0, 2, 0, 0], [0, 0, -1, -0.02], [0, 0, -1, 0]])
    eye = Eye(np.eye(4) + np.outer([0, 0, -5, 0], [0, 0, 0, 1]), projection)

    def both() -> None:
        packed, _ = pack([cloud])
        back_to_front(packed, placed, eye, count)

    yield Row(f"{count:,} splats packed and sorted for the first time", *best(both, 1))
    packed, _ = pack([cloud])
    yield Row("packed", *best(lambda: pack([cloud]), runs))
    yield Row("sorted", *best(lambda: back_to_front(packed, placed, eye, count), runs))
    yield Row("half of them chosen and sorted", *best(lambda: back_to_front(packed, placed, eye, count // 2), runs))
    yield Row("packed and sorted", *best(both, runs), at_most=TARGET)


def random_cloud(count: int) -> Cloud:
    """Splats of SH degree 3."""
    rng = np.random.default_rng(0)
    means, scales, quats, base = (rng.random((count, width), dtype=np.float32) for width in (3, 3, 4, 4))
    return Cloud(means, quats, scales, base, [rng.random((count, 3), dtype=np.float32) for _ in range(15)])


if __name__ == "__main__":
    main()
