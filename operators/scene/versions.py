# SPDX-License-Identifier: GPL-3.0-or-later
"""What the splats of an object are: a draft or refined, and whether anybody has changed them since.

All of that is stored on the object, and jobs start from the object's own splats. So undo, duplicates, copies in other files and
the worker always agree.
"""

from __future__ import annotations

import bpy
import numpy as np

from ..engine import errors, gaussians, results, start, transform
from ..narrowing import group_of
from . import look, masks, points
from .editable import is_editable
from .splats import in_scene, read_shown, update_splats

OLDER = "older"  # the version of splats that have none, from files of before there were versions; it is no digest

# The `session_uid` of the object whose splats were last handed to a job, and their centers, as undo brings back unmarked ones.
_handed: tuple[int, np.ndarray] = (0, np.zeros((0, 3), np.float32))


def start_of(obj: bpy.types.Object, as_shown: bool = False) -> start.Start:
    """What a job on an object's splats starts from: those that nobody has hidden, as they are or `as_shown`.

    Raises `TttlrmError` if there are none.
    """
    splats = read_shown(obj) if as_shown else look.whole(obj)
    if not len(splats):
        hint = "Reveal hidden splats, or undo what removed them."
        raise errors.TttlrmError("The object “{}” has no splats left.", obj.name, hint=hint, code=errors.Code.NO_SPLATS)
    back = transform.inverse(in_scene(obj))
    moved = splats if np.array_equal(back, np.eye(4)) else transform.apply_matrix(splats, back)
    return start.Start(moved, is_refined(obj), is_edited(obj) if as_shown else _edited(obj, splats))


def hand_over(obj: bpy.types.Object) -> start.Start:
    """`start_of` for a job whose result takes the place of these splats.

    They are marked: while the job runs, a person may hide some of them, or reveal others. Raises what `start_of` raises.
    """
    global _handed
    begun, cloud, hidden = start_of(obj), points.cloud_of(obj), masks.by_hand(obj)
    mask = np.ones(len(cloud.points), dtype=bool) if hidden is None else ~hidden
    if is_editable(cloud):
        points.write(cloud, masks.AT_WORK, "BOOLEAN", mask)
    _handed = obj.session_uid, points.read(cloud, "position")[mask]
    return begun


def take_result(
    obj: bpy.types.Object, splats: gaussians.Gaussians[np.ndarray], refinement: results.Refinement | None, anew: bool = False
) -> None:
    """Replace what a job was handed by its result, or `anew` everything; others stay otherwise, as no job knows them.

    Splats that were edited count as edited until a job makes better or other ones.
    """
    as_given = not anew and not (refinement and refinement.improved)
    before, edited_since = group_of(obj).version, as_given and is_edited(obj)
    others, hidden = _not_at_work(obj), masks.by_hand(obj)
    rest = look.unsized(points.cloud_of(obj))[others] if others.any() and not anew else None
    to_local = in_scene(obj)
    local = splats if np.array_equal(to_local, np.eye(4)) else transform.apply_matrix(splats, to_local)
    refined = is_refined(obj)
    update_splats(obj, local if rest is None else gaussians.merge([local, rest]))
    if rest is not None and hidden is not None:
        masks.hide(obj, np.concatenate([np.zeros(len(local), dtype=bool), hidden[others]]))
    remember(obj, refinement, refined and not anew)
    if edited_since:
        group_of(obj).version = before
    look.apply(obj)


def _not_at_work(obj: bpy.types.Object) -> np.ndarray:  # [N] bool
    """Which splats of an object no job was handed, whose mark is removed.

    Where undo has removed it, their places tell them; hidden ones where these do not.
    """
    cloud = points.cloud_of(obj)
    if masks.AT_WORK in cloud.attributes:
        handed = points.read(cloud, masks.AT_WORK)[:, 0]
        cloud.attributes.remove(cloud.attributes[masks.AT_WORK])
        return ~handed
    owner, places = _handed
    if owner == obj.session_uid and (handed := np.isin(_rows(points.read(cloud, "position")), _rows(places))).any():
        return ~handed
    hidden = masks.by_hand(obj)
    return np.zeros(len(cloud.points), dtype=bool) if hidden is None else hidden


def _rows(
    places: np.ndarray,  # [N, 3] float32
) -> np.ndarray:  # [N]
    """Each place as one value that is equal for places that are equal bit for bit."""
    return np.ascontiguousarray(places).view([("", np.uint64), ("", np.uint32)])[:, 0]


def remember(obj: bpy.types.Object, refinement: results.Refinement | None, refined: bool = False) -> None:
    """Store in an object what its splats are after a job; `refined` if they were before, and the job did not make a new draft."""
    own = group_of(obj)
    own.refined = refined
    if not refined:
        own.steps, own.psnr = 0, 0.0
    if refinement and refinement.improved:
        own.refined, own.psnr = True, refinement.psnr or 0.0
        own.steps = refinement.steps + (own.steps if refinement.continued else 0)
    own.version = start.digest(look.whole(obj))


def state(obj: bpy.types.Object) -> errors.Text:
    """What an object's splats are, for people."""
    own = group_of(obj)
    if not is_refined(obj):
        return errors.text("Draft")
    if own.steps and own.psnr:
        return errors.text("Refined, {:,} steps, {:.1f} dB", own.steps, own.psnr)
    return errors.text("Refined, {:,} steps", own.steps) if own.steps else errors.text("Refined")


def is_refined(obj: bpy.types.Object) -> bool:
    """Whether an object's splats were optimized against its photos, also in files from before that was stored."""
    own = group_of(obj)
    return own.refined or (not own.version and (own.psnr > 0 or masks.ANTIALIASED in points.cloud_of(obj).attributes))


def is_edited(obj: bpy.types.Object) -> bool:
    """Whether an object's splats differ, or may differ, from those that a job made. It looks at all: 0.1 s for half a million."""
    return _edited(obj, look.whole(obj))


def is_older(obj: bpy.types.Object) -> bool:
    """Whether an object's splats were made when it was not stored yet what a job had made: perhaps they were edited since."""
    return bool(group_of(obj).session) and group_of(obj).version in ("", OLDER)


def adopt(obj: bpy.types.Object) -> None:
    """Store what is known of splats from such a time."""
    group_of(obj).refined, group_of(obj).version = is_refined(obj), OLDER


def _edited(obj: bpy.types.Object, splats: gaussians.Gaussians[np.ndarray]) -> bool:
    """Where that is unknown it counts as edited: a question too many loses nothing."""
    return is_older(obj) or (bool(group_of(obj).version) and start.digest(splats) != group_of(obj).version)
