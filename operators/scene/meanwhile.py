# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person did to splats while a job was at work on them.

There is one rule: the result takes the place of the splats that the job was handed, and nothing else is lost. What the job was
not handed, such as splats that were joined, moved or revealed since, stays as it is. Where handed splats were hidden, deleted or
separated, those of the result arrive hidden. If none of the handed ones are left, as after an undo that goes back before them,
the result is shown, and what is there is hidden. A draft, which replaces everything that the object shows, also replaces what an
undo has brought back of earlier times.

Splats are told by their places and base colors, bit for bit, which any operator of Blender, undo and redo keep; a mark on each
would be joined, duplicated and undone. That their cloud as a whole is marked until a step is undone that came before tells of
such an undo.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

import bpy
import numpy as np

from . import masks, points
from .nearer import nearest_is_marked
from .radiance import BASE

MARK = "tttlrm_handed"  # a custom property of the cloud with the name of the handing over
FACTORS = np.random.default_rng(0).integers(1, 2**64, 7, np.uint64) | np.uint64(1)  # odd, so that no bit of a value is lost


@dataclass(frozen=True)
class Handed:
    """Splats that a job was handed."""

    name: str
    owner: int  # `session_uid` of the object
    shown: np.ndarray  # [K] bool, those that nobody had hidden
    everything: bool  # whether the job makes all splats anew
    looks: list[np.ndarray]  # each [K, 7] float32, as `_looks` gives them: then, and after each transform that was applied since


@dataclass(frozen=True)
class Since:
    """What to do with the splats that are there, and with those of the result."""

    stay: np.ndarray  # [N] bool, which of those that are there
    hidden: np.ndarray  # [N] bool, which of them are hidden then
    arrive_hidden: np.ndarray  # [R] bool, which of those of the result


_handed: Handed | None = None  # to the last job


def hand_over(obj: bpy.types.Object, everything: bool = False) -> None:
    """Remember what a job is handed: the splats that nobody has hidden, or `everything`."""
    global _handed
    shown = ~_by_hand(obj)
    which = np.ones_like(shown) if everything else shown
    _handed = Handed(uuid4().hex, obj.session_uid, shown[which], everything, [_looks(obj)[which]])
    points.cloud_of(obj)[MARK] = _handed.name


def since(
    obj: bpy.types.Object,
    arriving: np.ndarray,  # [R, 3], the places of the result's splats in the object's coordinates
    everything: bool = False,
) -> Since:
    """Compare what is there with what was handed over; where nothing was, all but hidden splats count as handed."""
    hidden, none = _by_hand(obj), np.zeros(len(arriving), dtype=bool)
    if _handed is None or _handed.owner != obj.session_uid:
        return Since(hidden & (not everything), hidden, none)
    now = _looks(obj)
    among = np.array([_where(now, looks) >= 0 for looks in _handed.looks])
    known = among.any(0)
    stay = np.zeros_like(known) if _handed.everything and _went_back(obj, _handed) else ~known
    if not known.any():
        return Since(stay, stay, none)
    gone = _handed.shown & ~np.any([_where(looks, now[~hidden]) >= 0 for looks in _handed.looks], axis=0)
    looks = _handed.looks[int(np.count_nonzero(among, axis=1).argmax())]  # in the coordinates of now
    return Since(stay, hidden, nearest_is_marked(arriving, looks[:, :3], gone) if gone.any() else none)


@contextmanager
def applying(
    obj: bpy.types.Object,
    move: np.ndarray,  # [4, 4]
) -> Iterator[None]:
    """Within the block, a transform is applied to the splats of an object, which stay what they are."""
    if _handed is None or _handed.owner != obj.session_uid:
        yield
        return
    before = _looks(obj)
    yield
    after = _looks(obj)
    rows = [_where(looks, before) for looks in _handed.looks]
    latest = int(np.argmax([np.count_nonzero(row >= 0) for row in rows]))
    looks, there = _handed.looks[latest].copy(), rows[latest] >= 0
    looks[:, :3] = looks[:, :3] @ move[:3, :3].T + move[:3, 3]  # of those that are gone, nearly as Blender would round them
    looks[there] = after[rows[latest][there]]
    _handed.looks.append(looks)


def _went_back(obj: bpy.types.Object, handed: Handed) -> bool:
    """Whether an undo has brought back splats of before the handing over: the mark came after them."""
    return points.cloud_of(obj).get(MARK) != handed.name


def _by_hand(obj: bpy.types.Object) -> np.ndarray:  # [N] bool
    hidden = masks.by_hand(obj)
    return np.zeros(len(points.cloud_of(obj).points), dtype=bool) if hidden is None else hidden


def _looks(obj: bpy.types.Object) -> np.ndarray:  # [N, 7] float32
    """Places, base colors and opacities: what settings of the look leave as it is."""
    cloud = points.cloud_of(obj)
    return np.concatenate([points.read(cloud, "position"), points.read(cloud, BASE).reshape(-1, 4)], axis=1)


def _where(
    looks: np.ndarray,  # [N, 7] float32
    among: np.ndarray,  # [M, 7] float32
) -> np.ndarray:  # [N] int
    """The index among others of each splat, bit for bit; -1 for those that are not there."""
    wanted, numbers = _numbers(looks), _numbers(among)
    order = np.argsort(numbers)
    if not len(order):
        return np.full(len(looks), -1)
    at = order[np.searchsorted(numbers, wanted, sorter=order).clip(max=len(order) - 1)]
    return np.where(numbers[at] == wanted, at, -1)


def _numbers(
    looks: np.ndarray,  # [N, 7] float32
) -> np.ndarray:  # [N] uint64
    """Each row as one number. That two of a million others were the same is less likely than 1 in 10 million."""
    return np.ascontiguousarray(looks).view(np.uint32).astype(np.uint64) @ FACTORS
