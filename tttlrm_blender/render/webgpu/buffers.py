# SPDX-License-Identifier: GPL-3.0-or-later
"""Numpy arrays in buffers of a GPU."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np

from .faults import faults_as_sentences, too_large
from .link import Link

SMALLEST = 64  # bytes of a buffer, as those of empty arrays must be bound too
ALIGNED = 64  # rows whose multiples begin where a binding may, whatever a row of 4-byte values contains

SERIALS = count()  # tell arrays apart, also from those that no longer exist


@dataclass(frozen=True)
class Rows:
    """Some rows of an array as an argument of a program, which sees them as an array of its own."""

    array: Array
    offset: int  # bytes
    size: int  # bytes
    count: int  # rows


class Array:
    """An array of 4-byte values on the GPU, of fixed shape and type; made by `Device.array` and `Device.empty`."""

    def __init__(self, link: Link, shape: tuple[int, ...], dtype: Any) -> None:
        import wgpu

        self.link, self.shape, self.dtype, self.serial = link, shape, np.dtype(dtype), next(SERIALS)
        self.bindings: dict[Any, Any] = {}  # bind groups whose last argument this is
        self.nbytes = math.prod(shape) * self.dtype.itemsize
        if self.nbytes > link.largest_buffer:
            raise too_large(self.nbytes, link.largest_buffer)
        usage = wgpu.BufferUsage
        with faults_as_sentences():
            self.buffer = link.handle.create_buffer(
                size=max(self.nbytes, SMALLEST), usage=usage.STORAGE | usage.UNIFORM | usage.COPY_SRC | usage.COPY_DST
            )

    def __len__(self) -> int:
        return self.shape[0]

    def write(self, values: np.ndarray) -> None:
        """Replace all values, before the next passes run. Raises ValueError for another number of values."""
        values = np.ascontiguousarray(values, self.dtype)
        if values.nbytes != self.nbytes:
            raise ValueError(f"{values.shape} does not fit an array of {self.shape}")
        if self.nbytes:
            with faults_as_sentences():
                self.link.handle.queue.write_buffer(self.buffer, 0, values.reshape(-1).view(np.uint8))
            self.link.traffic.up += self.nbytes

    def read(self) -> np.ndarray:
        """The values, after all passes so far have run."""
        if not self.nbytes:
            return np.empty(self.shape, self.dtype)
        with faults_as_sentences():
            found = self.link.handle.queue.read_buffer(self.buffer, 0, self.nbytes)
        self.link.traffic.down += self.nbytes
        return np.frombuffer(found, self.dtype).reshape(self.shape)

    def rows(self, start: int, stop: int) -> Rows:
        """The rows from `start`, a multiple of `ALIGNED`, to `stop`: bindings can be smaller than arrays."""
        size = self.nbytes // max(len(self), 1)
        if start % ALIGNED:
            raise ValueError(f"rows from {start} are not aligned")
        return Rows(self, start * size, (stop - start) * size, stop - start)

    def whole(self) -> Rows:
        """All rows."""
        return Rows(self, 0, self.nbytes or SMALLEST, self.shape[0] if self.shape else 1)

    def release(self) -> None:
        """Give the memory back now rather than when nothing refers to the array any longer."""
        self.buffer.destroy()
