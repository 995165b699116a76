# SPDX-License-Identifier: GPL-3.0-or-later
"""How kernels are compiled and shared out over threads.

Plain threads rather than numba's own pool: they wait without spinning, any thread may start them, and torch's setting holds.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import Any

import numba
import numpy as np
import torch

# Everything of fastmath but the promise that there are no infinities and NaNs: broken splats are recognised by them.
RELAXED = {"contract", "reassoc", "nsz", "arcp", "afn"}

kernel = numba.njit(nogil=True, cache=True, fastmath=RELAXED, error_model="numpy")


def spread(run: Callable[..., None], count: int, *arguments: Any, pieces: int = 1) -> None:
    """Call `run(start, stop, *arguments)` for parts of range(count), `pieces` parts for each of torch's threads."""
    threads = torch.get_num_threads()
    parts = pairwise(np.linspace(0, count, threads * pieces + 1).astype(np.int64))

    def drain() -> None:
        for start, stop in parts:
            run(start, stop, *arguments)

    others = [_pool(threads, os.getpid()).submit(drain) for _ in range(threads - 1)]
    drain()
    for other in others:
        other.result()


@cache
def _pool(threads: int, process: int) -> ThreadPoolExecutor:
    """The threads of this process; a forked child needs its own."""
    return ThreadPoolExecutor(threads, "rasterize")
