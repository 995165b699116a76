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
from .splats import in_scene, read_shown, update_splats


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


def take_result(
    obj: bpy.types.Object, splats: gaussians.Gaussians[np.ndarray], refinement: results.Refinement | None, anew: bool = False
) -> None:
    """Replace what a job started from by its result, or `anew` everything; hidden splats stay otherwise, as no job knows them.

    Splats that were edited count as edited until a job makes better or other ones.
    """
    as_given = not anew and not (refinement and refinement.improved)
    edited_since = group_of(obj).version if as_given and is_edited(obj) else ""
    hidden = None if anew else masks.by_hand(obj)
    rest = None if hidden is None else look.unsized(points.cloud_of(obj))[hidden]
    to_local = in_scene(obj)
    local = splats if np.array_equal(to_local, np.eye(4)) else transform.apply_matrix(splats, to_local)
    refined = is_refined(obj)
    update_splats(obj, local if rest is None else gaussians.merge([local, rest]))
    if rest is not None:
        masks.hide(obj, np.arange(len(local) + len(rest)) >= len(local))
    remember(obj, refinement, refined and not anew)
    group_of(obj).version = edited_since or group_of(obj).version
    look.apply(obj)


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
    """Whether an object's splats differ from those that a job made. It looks at all of them: 0.1 s for half a million."""
    return _edited(obj, look.whole(obj))


def _edited(obj: bpy.types.Object, splats: gaussians.Gaussians[np.ndarray]) -> bool:
    return bool(group_of(obj).version) and start.digest(splats) != group_of(obj).version
