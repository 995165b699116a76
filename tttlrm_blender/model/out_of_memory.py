# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done where memory does not suffice: the same work in smaller slices, and at last an error that says what would fit."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import torch

from ..errors import Code, Text, TttlrmError, lacks_memory, text

USABLE = 0.8  # of free memory; the rest goes where no estimate sees it
MIN_SIDE = 32  # pixels, of photos worth recommending

Made = TypeVar("Made")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Need:
    """Memory that work takes for V photos of H×W pixels even in the smallest slices."""

    work: str  # "read", for example, as people would say what is done with photos
    photos: int
    size: tuple[int, int]  # (H, W)
    photo_bytes: int  # of each photo
    fixed_bytes: int  # whatever the number of photos
    device: torch.device

    @property
    def bytes(self) -> int:
        """Of all photos together."""
        return self.fixed_bytes + self.photos * self.photo_bytes

    def error(self) -> TttlrmError:
        """What people are told where it is not there; to be called once the work has let go of what it had."""
        free = room(self.device, self.bytes)
        share = max(0.0, min((USABLE * free - self.fixed_bytes) / (self.photos * self.photo_bytes), 1.0))
        height, width = (int(side * share**0.5) for side in self.size)
        ran_out = text("Memory of the GPU ran out" if self.device.type == "cuda" else "Memory of this machine ran out")
        template = (
            "{}: to read {} photos of {}×{} pixels takes about {}, of which {} can be had."
            if self.work == "read"
            else "{}: to decode {} photos of {}×{} pixels takes about {}, of which {} can be had."
        )
        values = (ran_out, self.photos, self.size[1], self.size[0], _shown(self.bytes), _shown(free))
        hint = _fitting(int(share * self.photos), self.photos, width, height)
        return TttlrmError(template, *values, hint=hint, code=Code.OUT_OF_MEMORY)


def _fitting(few: int, photos: int, width: int, height: int) -> Text:
    """What would fit into memory: few photos of the same size, or all of another."""
    smaller = min(width, height) >= MIN_SIDE
    if few > 1 and smaller:
        return text("About {} photos of this size or {} of {}×{} pixels would fit.", few, photos, width, height)
    if few > 1:
        return text("About {} photos of this size would fit.", few)
    if smaller:
        return text("About {} of {}×{} pixels would fit.", photos, width, height)
    return text("Free memory: no two of these photos fit, nor smaller ones.")


def in_slices(work: Callable[[int], Made], size: int, floor: int, need: Need) -> Made:
    """What `work(size)` gives; where memory does not suffice, with half the size, and half of that, down to `floor`.

    Raises `TttlrmError` ("out_of_memory") where that does not help, and what else `work` raises at once.
    """
    while True:
        try:
            return work(size)
        except Exception as error:
            if not lacks_memory(error):
                raise
        free_memory()  # here, for the error holds on to what the work had
        if size <= floor:
            raise need.error()
        size = max(size // 2, floor)
        logger.warning("memory did not suffice to %s %d photos; trying %d tokens at a time", need.work, need.photos, size)


def free_memory() -> None:
    """Give back what nobody uses, an accelerator's memory too."""
    gc.collect()
    torch.cuda.empty_cache()


def room(device: torch.device, most: int) -> int:
    """Bytes that can be had in one piece now, up to `most` and to within a hundredth of it."""
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
