# SPDX-License-Identifier: GPL-3.0-or-later
"""Compilation of numba kernels, and their distribution over threads.

Plain threads rather than numba's pool: they wait without spinning, any thread may start them, and torch's thread count applies.
What a kernel finds for an element does not depend on the part that it is in, so results are the same on any number of threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from itertools import pairwise
from typing import Any

import numba
import numpy as np
import torch

# All of fastmath except the promise of no infinities and NaNs, by which broken splats are recognized.
RELAXED = {"contract", "reassoc", "nsz", "arcp", "afn"}

# Kernels become part of the kernels that call them. As functions of their own they would exist twice, once optimized by
# themselves and once within their caller; which of the two is called, and so the last digits, depends on what else is loaded.
kernel = numba.njit(nogil=True, cache=True, fastmath=RELAXED, error_model="numpy", forceinline=True)

_threads: ContextVar[int | None] = ContextVar("threads", default=None)  # of kernels, while torch has only one


@contextmanager
def torch_in_order() -> Iterator[None]:
    """Limit torch to one thread, and keep kernels at as many as torch had: results are then the same on any number of threads.

    How torch splits arrays among its threads affects the last digits of its sums, and of exponentials at the ends of the parts.
    """
    threads = torch.get_num_threads()
    before = _threads.set(_threads.get() or threads)
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        _threads.reset(before)


def spread(run: Callable[..., None], count: int, *arguments: Any, pieces: int = 1) -> None:
    """Call `run(start, stop, *arguments)` for parts of range(count) in parallel, `pieces` parts per thread."""
    threads = _threads.get() or torch.get_num_threads()
    bounds = np.linspace(0, count, threads * pieces + 1).astype(np.int64).tolist()
    parts = iter(list(pairwise(bounds)))  # over a list: threads can share it, and no two get the same part

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
