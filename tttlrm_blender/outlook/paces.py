# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast this machine has been, compared with what was expected of it, kept in the user's cache folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ..atomic_files import bytes_of, replacing
from ..cache import cache_folder
from ..errors import TttlrmError
from ..stages import Step

NAME = "paces.json"
NEWEST = 0.5  # weight of the last job among those before it
SANE = (0.1, 10.0)  # bounds of what is believed
GPU = "gpu"  # in the file: 1 or 0


def known_paces() -> dict[Step, float]:
    """The factors on the expected seconds of steps that earlier jobs have taught; none where there were no jobs."""
    return {Step(name): _sane(value) for name, value in _read().items() if name in set(Step)}


def known_gpu() -> bool:
    """Whether earlier jobs ran on a GPU."""
    return bool(_read().get(GPU))


def learn(paces: Mapping[Step, float]) -> None:
    """Learn from a job: how long its steps took, compared with what was expected with the paces known so far."""
    before = known_paces()
    if paces:
        _write({step: _sane(before.get(step, 1.0) * pace ** (NEWEST if step in before else 1.0)) for step, pace in paces.items()})


def learn_gpu(gpu: bool) -> None:
    """Remember whether jobs run on a GPU; what was known of the pace without it, or with it, is forgotten."""
    if gpu != known_gpu():
        _write({GPU: float(gpu), **dict.fromkeys(Step, 1.0)})


def _read() -> dict[str, float]:
    try:
        return {str(name): float(value) for name, value in json.loads(bytes_of(_file())).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _write(values: Mapping[str, float]) -> None:
    with suppress(OSError, TttlrmError):  # it is only an estimate
        _file().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with replacing(_file()) as part:
            part.write_text(json.dumps({**_read(), **values}), encoding="utf-8")


def _file() -> Path:
    return cache_folder() / NAME


def _sane(pace: float) -> float:
    return min(max(pace, SANE[0]), SANE[1])
