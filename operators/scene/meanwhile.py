# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person did to splats while a job was at work on them.

There is one rule: the result takes the place of the splats that the job was handed, and nothing else is lost. What the job was
not handed, such as splats that were joined, moved or revealed since, stays as it is. Where handed splats were hidden, deleted or
separated, those of the result arrive hidden. If none of the handed ones are left, as after an undo that goes back before them,
the result is shown, and what is there is hidden.

Splats are told by their places and base colors, which any operator of Blender, undo and redo keep; a mark would be joined,
duplicated or undone.
"""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np
from mathutils.kdtree import KDTree

from . import masks, points
from .radiance import BASE
from .splats import in_scene

NEAR = 1e-5  # how far transforms may round a place, as a share of the largest coordinate, and a color


@dataclass(frozen=True)
class Handed:
    """Splats that a job was handed, in the object's coordinates of then."""

    owner: int  # `session_uid` of the object
    looks: np.ndarray  # [K, 7] float32, as `_looks` gives them
    shown: np.ndarray  # [K] bool, those that nobody had hidden
    applied: np.ndarray  # [4, 4], the object's `in_scene`


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
    _handed = Handed(obj.session_uid, _looks(obj)[which], shown[which], in_scene(obj))


def since(
    obj: bpy.types.Object,
    arriving: np.ndarray,  # [R, 3], the places of the result's splats in the object's coordinates
    everything: bool = False,
) -> Since:
    """Compare what is there with what was handed over; where nothing was, all but hidden splats count as handed."""
    hidden, none = _by_hand(obj), np.zeros(len(arriving), dtype=bool)
    if _handed is None or _handed.owner != obj.session_uid:
        return Since(hidden & (not everything), hidden, none)
    now, handed = _looks(obj), _looks_now(obj, _handed)
    rounding = 0.0 if handed is _handed.looks else NEAR * float(np.abs(handed[:, :3]).max(initial=0))
    known = _found(now, handed, rounding)
    if not known.any():
        return Since(~known, ~known, none)
    gone = _handed.shown & ~_found(handed, now[~hidden], rounding)
    return Since(~known, hidden, gone[nearest(arriving, handed[:, :3])] if gone.any() else none)


def nearest(
    wanted: np.ndarray,  # [M, 3]
    places: np.ndarray,  # [K, 3], at least one
) -> np.ndarray:  # [M] int
    """The index of the place that is nearest to each wanted one."""
    tree = KDTree(len(places))
    for index, place in enumerate(places.tolist()):
        tree.insert(place, index)
    tree.balance()
    return np.array([tree.find(place)[1] for place in wanted.tolist()], dtype=np.int64)


def _by_hand(obj: bpy.types.Object) -> np.ndarray:  # [N] bool
    hidden = masks.by_hand(obj)
    return np.zeros(len(points.cloud_of(obj).points), dtype=bool) if hidden is None else hidden


def _looks(obj: bpy.types.Object) -> np.ndarray:  # [N, 7] float32
    """Places, base colors and opacities: what settings of the look leave as it is."""
    cloud = points.cloud_of(obj)
    return np.concatenate([points.read(cloud, "position"), points.read(cloud, BASE).reshape(-1, 4)], axis=1)


def _looks_now(obj: bpy.types.Object, handed: Handed) -> np.ndarray:  # [K, 7] float32
    """How the handed splats look now if nobody has moved them, other than by applying transforms."""
    if np.array_equal(handed.applied, in_scene(obj)):
        return handed.looks
    move, places = in_scene(obj) @ np.linalg.inv(handed.applied), handed.looks[:, :3]
    return np.concatenate([(places @ move[:3, :3].T + move[:3, 3]).astype(np.float32), handed.looks[:, 3:]], axis=1)


def _found(
    looks: np.ndarray,  # [N, 7] float32
    among: np.ndarray,  # [M, 7] float32
    rounding: float,
) -> np.ndarray:  # [N] bool
    """Which splats are among others: bit for bit, or with places that are nearly the same."""
    if not rounding or not len(among):
        return np.isin(_rows(looks), _rows(among))
    found = among[nearest(looks[:, :3], among[:, :3])]
    apart = np.abs(found[:, :3] - looks[:, :3]).max(1, initial=0)
    return (apart <= rounding) & np.isclose(found[:, 3:], looks[:, 3:], rtol=NEAR, atol=NEAR).all(1)


def _rows(
    looks: np.ndarray,  # [N, 7] float32
) -> np.ndarray:  # [N]
    """Each row as one value that is equal for rows that are equal bit for bit."""
    return np.ascontiguousarray(looks).view(np.dtype((np.void, looks.shape[1] * looks.itemsize)))[:, 0]
