# SPDX-License-Identifier: GPL-3.0-or-later
"""Work on many photos in parallel, on all processor cores."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from ..progress import Report
from ..stages import Stage

Item = TypeVar("Item")


def for_each(work: Callable[[Item], object], items: Iterable[Item], report: Report, stage: Stage) -> None:
    """Call `work` for all items, in threads, and report progress. The first error, or cancellation, ends it."""
    pool = ThreadPoolExecutor(os.cpu_count())
    futures = [pool.submit(work, item) for item in items]
    try:
        for done, future in enumerate(futures, start=1):
            future.result()
            report(stage, done / len(futures))
    finally:
        pool.shutdown(cancel_futures=True)
