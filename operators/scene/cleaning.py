# SPDX-License-Identifier: GPL-3.0-or-later
"""Clean Up: floaters, fog and what is outside a region are left out, as by any other setting of the look, and so come back."""

from __future__ import annotations

from collections.abc import Iterable

import bpy
import numpy as np

from ..engine import clean, transform
from ..narrowing import group_of
from . import look, masks, points, region
from .splats import is_splats

SETTINGS = ("floaters", "fog")  # those of the look
USUAL = 0.5  # strictness at which photos hardly miss anything
FAINT = 0.1  # opacity of splats that tell nothing about where the subject is


def clean_up(objects: Iterable[bpy.types.Object], floaters: float, fog: float, use_region: bool) -> None:
    """Leave out floaters, fog and what is outside the regions, which are put around the subjects where there are none yet."""
    with look.together(objects := list(objects)):
        for obj in objects:
            own = group_of(obj)
            own.decode.floaters, own.decode.fog, own.use_region = floaters, fog, use_region


def region_switched(obj: bpy.types.Object) -> None:
    """Show an object with or without its region, which is put around the subject where there is none yet."""
    if group_of(obj).use_region and is_splats(obj) and not region.is_fitted(obj):
        fit([obj])
    look.follow(obj)


def fit(objects: Iterable[bpy.types.Object]) -> None:
    """Put regions around the subjects."""
    with look.together(objects := list(objects)):
        for obj in objects:
            region.store(obj, around_subject(obj))


def fit_to(
    objects: Iterable[bpy.types.Object],
    box: np.ndarray,  # [4, 4], from the cube between −1 and 1 to the world
) -> None:
    """Make a box in the world the region, and show what is in it. Raises `TttlrmError` for objects without a size."""
    found = [(obj, transform.inverse(np.array(obj.matrix_world)) @ box) for obj in objects]
    with look.together([obj for obj, _ in found]):
        for obj, wanted in found:
            region.store(obj, wanted)
            group_of(obj).use_region = True


def around_subject(obj: bpy.types.Object) -> np.ndarray:  # [4, 4]
    """A region around the fine splats of an object that are neither faint, nor floaters or fog, nor hidden by hand."""
    cloud, hidden = points.cloud_of(obj), masks.by_hand(obj)
    splats = look.unsized(cloud)
    if not len(splats):
        return np.eye(4)
    usual = look.Look(floaters=USUAL, fog=USUAL)
    wanted = ~look.dirt(cloud, splats.means, splats.opacities, look.eyes_of(obj), usual) & (splats.opacities > FAINT)
    if hidden is not None:
        wanted &= ~hidden
    return region.around(obj, splats.means, clean.middle(splats.scales), wanted)


def is_on(obj: bpy.types.Object) -> bool:
    """Whether anything is cleaned away now."""
    own = group_of(obj)
    return bool(own.decode.floaters or own.decode.fog or own.use_region)


def left_out(obj: bpy.types.Object) -> int:
    """How many splats the settings of an object leave out."""
    hidden, hand = masks.hidden(obj), masks.by_hand(obj)
    return sum(0 if mask is None else sign * int(np.count_nonzero(mask)) for sign, mask in ((1, hidden), (-1, hand)))
