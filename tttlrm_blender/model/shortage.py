# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done where memory does not suffice: the same work in smaller slices, and at last an error that says what would fit."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import torch

from ..errors import TttlrmError, lacks_memory

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
        where = "the GPU" if self.device.type == "cuda" else "this machine"
        sentence = (
            f"Memory of {where} ran out: to {self.work} {self.photos} photos of {self.size[1]}×{self.size[0]} pixels takes "
            f"about {_shown(self.bytes)}, of which {_shown(free)} can be had."
        )
        few = int(share * self.photos)
        fitting = [f"{few} photos of this size"] if few > 1 else []
        fitting += [f"{self.photos} of {width}×{height} pixels"] if min(width, height) >= MIN_SIDE else []
        hint = (
            f"About {' or '.join(fitting)} would fit."
            if fitting
            else "Free memory: no two of these photos fit, nor smaller ones."
        )
        return TttlrmError(sentence, hint, "out_of_memory")


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
