# SPDX-License-Identifier: GPL-3.0-or-later
"""A cache of the last network used, from one job to the next. Jobs load it once and pass it on."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from ..model.checkpoint import DEFAULT, load_checkpoint
from ..model.network import TttLRM
from ..model.out_of_memory import free_memory
from ..render.device import best_device


def load_network(checkpoint: str) -> TttLRM:
    """The network of a checkpoint, "default" or a file, loaded again only if the file has changed. Raises `TttlrmError`."""
    path = DEFAULT if checkpoint == "default" else Path(checkpoint)
    return _load(path, path.stat().st_mtime_ns if path.exists() else 0)


@lru_cache(maxsize=1)
def _load(path: Path, changed: int) -> TttLRM:
    return load_checkpoint(path, best_device())


def release_memory() -> None:
    """Drop the network and free the accelerator's memory; the network is loaded again when it is needed."""
    _load.cache_clear()
    free_memory()
