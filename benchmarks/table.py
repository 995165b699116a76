# SPDX-License-Identifier: GPL-3.0-or-later
"""Timing, and the output of all benchmarks: a Markdown table with one row per figure."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

HEADER = "| measured | figure | CPU time | target | figure / target |\n|---|---|---|---|---|"


@dataclass(frozen=True)
class Row:
    """One figure, and its target."""

    what: str
    figure: float
    processor: float | None = None  # the same in CPU time of all threads: more reliable on a machine that others use
    unit: str = "s"
    at_most: float | None = None
    at_least: float | None = None

    def __str__(self) -> str:
        target = self.at_most if self.at_least is None else self.at_least
        sign = "≤" if self.at_least is None else "≥"
        processor = "" if self.processor is None else shown(self.processor, self.unit)
        aim, share = ("", "") if target is None else (f"{sign} {shown(target, self.unit)}", f"{self.figure / target:.2f}")
        return f"| {self.what} | {shown(self.figure, self.unit)} | {processor} | {aim} | {share} |"


def shown(figure: float, unit: str) -> str:
    """A figure with three digits, decibels with two decimals; short times in milliseconds."""
    if unit == "s" and abs(figure) < 0.1:
        figure, unit = figure * 1000, "ms"
    digits = ".2f" if unit == "dB" else ",.0f" if abs(figure) >= 100 else ".3g"
    return f"{figure:{digits}} {unit}".rstrip()


def show(rows: Iterable[Row]) -> None:
    """Print the table, each row as soon as it is available."""
    print(HEADER)
    for row in rows:
        print(row, flush=True)


def best(work: Callable[[], object], runs: int, before: Callable[[], object] = lambda: None) -> tuple[float, float]:
    """The shortest wall-clock and CPU time of several runs, in seconds: other work on the machine can only add to them.

    `before` each run is not timed.
    """
    times = []
    for _ in range(runs):
        before()
        clock, processor = time.perf_counter(), time.process_time()
        work()
        times.append((time.perf_counter() - clock, time.process_time() - processor))
    return min(clock for clock, _ in times), min(processor for _, processor in times)
