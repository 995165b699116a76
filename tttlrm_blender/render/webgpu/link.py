# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection to an opened GPU that its arrays, programs and passes share."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Traffic:
    """Bytes that crossed the bus."""

    up: int = 0
    down: int = 0


@dataclass(eq=False)
class Link:
    """A device of wgpu, and what was asked of it."""

    handle: Any
    limits: dict[str, int]
    features: frozenset[str]
    traffic: Traffic = field(default_factory=Traffic)
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def largest_buffer(self) -> int:
        """Bytes of an array at most."""
        return self.limits["max-buffer-size"] // 4 * 4

    @property
    def largest_binding(self) -> int:
        """Bytes of an array, or of some of its rows, that a program can see at most."""
        return min(self.limits["max-storage-buffer-binding-size"] // 4 * 4, self.largest_buffer)
