# SPDX-License-Identifier: GPL-3.0-or-later
"""Handling of memory shortage: work is retried in smaller slices, and finally fails with an error that says what would fit."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import torch

from ..errors import Code, Text, TttlrmError, lacks_memory, text

USABLE = 0.8  # of free memory; the rest is overhead that no estimate includes
MIN_SIDE = 32  # pixels of the smallest photos to recommend

Made = TypeVar("Made")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Need:
    """The memory that work on V photos of H×W pixels needs even with the smallest slices."""

    work: str  # "read" or "decode"
    photos: int
    size: tuple[int, int]  # (H, W)
    photo_bytes: int  # per photo
    fixed_bytes: int  # independent of the number of photos
    device: torch.device

    @property
    def bytes(self) -> int:
        """Bytes for all photos together."""
        return self.fixed_bytes + self.photos * self.photo_bytes

    def error(self) -> TttlrmError:
        """The error for missing memory; to be called after the work has released its own."""
        free = room(self.device, self.bytes)
        share = max(0.0, min((USABLE * free - self.fixed_bytes) / (self.photos * self.photo_bytes), 1.0))
        height, width = (int(side * share**0.5) for side in self.size)
        ran_out = text("The GPU ran out of memory" if self.device.type == "cuda" else "This machine ran out of memory")
        template = (
            "{}: reading {} photos of {}×{} pixels takes about {}, of which {} is available."
            if self.work == "read"
            else "{}: decoding {} photos of {}×{} pixels takes about {}, of which {} is available."
        )
        values = (ran_out, self.photos, self.size[1], self.size[0], _shown(self.bytes), _shown(free))
        hint = _fitting(int(share * self.photos), self.photos, width, height)
        return TttlrmError(template, *values, hint=hint, code=Code.OUT_OF_MEMORY)


def _fitting(few: int, photos: int, width: int, height: int) -> Text:
    """A hint at what would fit into memory: fewer photos of the same size, or all of a smaller size."""
    smaller = min(width, height) >= MIN_SIDE
    if few > 1 and smaller:
        return text("About {} photos of this size or {} of {}×{} pixels would fit.", few, photos, width, height)
    if few > 1:
        return text("About {} photos of this size would fit.", few)
    if smaller:
        return text("About {} of {}×{} pixels would fit.", photos, width, height)
    return text("Free some memory: not even two of these photos, or smaller ones, would fit.")


def in_slices(work: Callable[[int], Made], size: int, floor: int, need: Need) -> Made:
    """Return `work(size)`; where memory runs out, halve the size again and again, down to `floor`.

    Raises `TttlrmError` ("out_of_memory") where that does not help; other exceptions of `work` pass through.
    """
    while True:
        try:
            return work(size)
        except Exception as error:
            if not lacks_memory(error):
                raise
        free_memory()  # after the except block, because the error keeps the memory of the work alive
        if size <= floor:
            raise need.error()
        size = max(size // 2, floor)
        logger.warning("not enough memory to %s %d photos; trying %d tokens at a time", need.work, need.photos, size)


def free_memory() -> None:
    """Release unused memory, including that of accelerators."""
    gc.collect()
    torch.cuda.empty_cache()


def room(device: torch.device, most: int) -> int:
    """The largest block that can be allocated now, in bytes, up to `most` and to within a hundredth of it."""
    low, high = 0, most
    while high - low > most // 100:
        middle = (low + high) // 2
        low, high = (middle, high) if _obtainable(middle, device) else (low, middle)
    return low


def _obtainable(size: int, device: torch.device) -> bool:
    try:
        torch.empty(size, dtype=torch.uint8, device=device)
    except RuntimeError as error:
        if not lacks_memory(error):
            raise
        return False
    finally:
        torch.cuda.empty_cache()
    return True


def _shown(count: int) -> str:
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"
