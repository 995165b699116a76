# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the overlay's thread takes for many splats: packed once when they change, sorted whenever the view moves.

python -m benchmarks.sort_splats [--count 1000000] [--runs 5]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from tttlrm_blender.gaussians.drawing import Cloud, Eye, Placed, back_to_front, pack

TARGET = 0.3  # s for a million, both together


def main() -> None:
    """Print the best of some runs, by the clock and of this thread alone, and the first, which also waits for memory."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    cloud, placed = random_cloud(options.count), [Placed(0, np.eye(4))]
    projection = np.array([[2.0, 0, 0, 0], [0, 2, 0, 0], [0, 0, -1, -0.02], [0, 0, -1, 0]])
    eye = Eye(np.eye(4) + np.outer([0, 0, -5, 0], [0, 0, 0, 1]), projection)
    started = time.perf_counter()
    packed, _ = pack([cloud])
    back_to_front(packed, placed, eye, options.count)
    print(f"packed and sorted for the first time: {time.perf_counter() - started:.3f} s")
    both = np.zeros(2)
    for name, work in {
        "pack": lambda: pack([cloud]),
        "sort": lambda: back_to_front(packed, placed, eye, options.count),
        "choose half and sort": lambda: back_to_front(packed, placed, eye, options.count // 2),
    }.items():
        seconds = best(work, options.runs)
        both += seconds * (name in {"pack", "sort"})
        print(f"{name}: {seconds[0]:.3f} s, of the processor {seconds[1]:.3f} s")
    print(f"{options.count:,} splats packed and sorted: {both[0]:.3f} s, of the processor {both[1]:.3f} s; target {TARGET} s")


def random_cloud(count: int) -> Cloud:
    """Splats of SH degree 3."""
    rng = np.random.default_rng(0)
    means, scales, quats, base = (rng.random((count, width), dtype=np.float32) for width in (3, 3, 4, 4))
    return Cloud(means, quats, scales, base, [rng.random((count, 3), dtype=np.float32) for _ in range(15)])


def best(work: Callable[[], Any], runs: int) -> np.ndarray:
    """Smallest times of several runs in seconds: by the clock, and of this thread."""
    times = []
    for _ in range(runs):
        clock, thread = time.perf_counter(), time.thread_time()
        work()
        times.append((time.perf_counter() - clock, time.thread_time() - thread))
    return np.min(times, axis=0)


if __name__ == "__main__":
    main()
