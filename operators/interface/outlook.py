# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the reconstruction of a source is going to take, as far as that can be told before it begins."""

from __future__ import annotations

import bpy

from ..engine import errors, expected, outlook_words, paces, settings
from ..jobs.chosen_worker import chosen_worker
from ..narrowing import given, group_of
from ..properties import reconstruct_settings
from ..sources import Source
from ..translations import shown, shown_text

LETTER, BORDERS = 6.0, 70.0  # pixels of a letter, and of what is beside the text in a panel, at interface scale 1
KNOWN = ("FILE", "BLENDER")  # choices of poses with which none are estimated


def label(context: bpy.types.Context, source: Source) -> tuple[str, str]:
    """What the button does, how well, and about how long it takes, such as “Reconstruct 23 Photos · Good (about 2 min)”.

    What does not fit on the button is a line of its own, below it.
    """
    what, duration = _parts(context, source)
    whole = shown("{} (about {})", what, duration) if duration else what
    room = given(context.region).width / given(context.preferences).system.ui_scale - BORDERS
    return (whole, "") if len(whole) * LETTER <= room else (what, shown("about {}", duration) if duration else "")


def _parts(context: bpy.types.Context, source: Source) -> tuple[str, str]:
    """What the button does, and about how long it takes; empty where that cannot be told."""
    what, refine = shown("Reconstruct {}", source.label), group_of(context.scene).refine
    try:
        wanted = reconstruct_settings(given(context.scene))
    except errors.TttlrmError:  # of a path that cannot be resolved, which is told when the job begins
        return what, ""
    if not wanted.refine.limited:
        what = f"{what} · {bpy.types.UILayout.enum_item_name(refine, 'quality', refine.quality)}"
    seconds = seconds_of(context, source, wanted)
    return what, shown_text(outlook_words.duration(seconds)) if seconds else ""


def seconds_of(context: bpy.types.Context, source: Source, wanted: settings.ReconstructSettings) -> float:
    """The seconds that the panel's source is going to take on this computer; 0 where that cannot be told."""
    if not source.count or chosen_worker().elsewhere:
        return 0.0
    photos = expected.Photos(source.count, *source.size, _posed(context, source))
    machine, side = expected.this_machine(paces.known_gpu()), max(wanted.width, wanted.height)
    return expected.total(expected.expected_seconds(photos, wanted.refine, wanted.mesh, machine, paces.known_paces(), side))


def _posed(context: bpy.types.Context, source: Source) -> bool:
    """Whether the poses are known."""
    group = group_of(context.scene).source
    beside = source.folder is not None and group.poses_beside  # the disk is not asked at every redraw
    return group.cameras in KNOWN or (group.cameras == "AUTO" and (source.posed or beside))
