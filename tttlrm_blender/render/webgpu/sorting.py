# SPDX-License-Identifier: GPL-3.0-or-later
"""Prefix sums and sorting on the GPU."""

from __future__ import annotations

import numpy as np

from .buffers import Array
from .device import GROUP, Device
from .program import Passes

SCANNED = GROUP * 4  # values of a workgroup of scan.wgsl
SORTED = GROUP * 16  # elements of a workgroup of sort.wgsl
BITS, DIGITS = 8, 256  # of one pass of the radix sort


class Scan:
    """Replaces `count` numbers by the sums of those before them."""

    def __init__(self, gpu: Device, count: int) -> None:
        self._gpu, self._count = gpu, count
        self._blocks = gpu.empty((-(-count // SCANNED),), np.uint32)

    def run(self, passes: Passes, values: Array, total: Array) -> None:
        """Replace the values [count]; the first of `total` becomes their sum."""
        groups = self._gpu.groups(self._count, SCANNED)
        for entry in ("totals", "carry", "finish"):
            program = self._gpu.program("index.wgsl", "scan.wgsl", entry=entry)
            passes.run(program, [values, self._blocks, total], (1, 1) if entry == "carry" else groups)


class Sort:
    """Sorts up to `capacity` keys with their values stably by the lowest `bits` of the keys.

    Write both into `keys` and `values`, and find them in `sorted_keys` and `sorted_values`.
    """

    def __init__(self, gpu: Device, capacity: int, bits: int) -> None:
        self._gpu, self._capacity, self._shifts = gpu, capacity, range(0, bits, BITS)
        pair = [[gpu.empty((capacity,), np.uint32) for _ in range(2)] for _ in range(2)]
        self.keys, self.values = pair[0]
        self.sorted_keys, self.sorted_values = pair[len(self._shifts) % 2]
        self._sides = pair
        self._histogram = gpu.empty((DIGITS * -(-capacity // SORTED),), np.uint32)
        self._scan, self._total = Scan(gpu, len(self._histogram)), gpu.empty((1,), np.uint32)

    def run(self, passes: Passes, number: Array) -> None:
        """Sort as many as the first of `number` says, or as there are."""
        given, other = self._sides
        groups = self._gpu.groups(self._capacity, SORTED)
        for shift in self._shifts:
            arguments = [number, *given, self._histogram, *other]
            count, scatter = (
                self._gpu.program("index.wgsl", "sort.wgsl", entry=entry, SHIFT=shift) for entry in ("count", "scatter")
            )
            passes.run(count, arguments, groups)
            self._scan.run(passes, self._histogram, self._total)
            passes.run(scatter, arguments, groups)
            given, other = other, given
