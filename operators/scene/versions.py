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
from . import look, masks, meanwhile, points
from .splats import in_scene, read_shown, update_splats

OLDER = "older"  # the version of splats that have none, from files of before there were versions; it is no digest


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
    """`start_of` for a job whose result takes the place of these splats. Raises what `start_of` raises."""
    begun = start_of(obj)
    meanwhile.hand_over(obj)
    return begun


def take_result(
    obj: bpy.types.Object, splats: gaussians.Gaussians[np.ndarray], refinement: results.Refinement | None, anew: bool = False
) -> int:
    """Replace what a job was handed by its result, as `meanwhile` rules; `anew` for a draft. Gives how many arrive hidden.

    Splats that were edited count as edited until a job makes better or other ones.
    """
    as_given = not anew and not (refinement and refinement.improved)
    before, edited_since = group_of(obj).version, as_given and is_edited(obj)
    to_local, refined = in_scene(obj), is_refined(obj)
    local = splats if np.array_equal(to_local, np.eye(4)) else transform.apply_matrix(splats, to_local)
    since = meanwhile.since(obj, local.means, anew)
    rest = look.unsized(points.cloud_of(obj))[since.stay] if since.stay.any() else None
    update_splats(obj, local if rest is None else gaussians.merge([local, rest]))
    hidden = since.arrive_hidden if rest is None else np.concatenate([since.arrive_hidden, since.hidden[since.stay]])
    if hidden.any():
        masks.hide(obj, hidden)
    remember(obj, refinement, refined and not anew)
    if edited_since:
        group_of(obj).version = before
    look.apply(obj)
    return int(np.count_nonzero(since.arrive_hidden))


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
