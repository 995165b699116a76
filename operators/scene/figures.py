# SPDX-License-Identifier: GPL-3.0-or-later
"""How well an object's splats match each of their photos, as a job has measured it. Stored in the object, worst first."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from bpy.props import BoolProperty, FloatProperty

from ..engine import results
from ..narrowing import group_of
from . import look, masks, points


class TTTLRM_PG_figure(bpy.types.PropertyGroup):
    """A photo by its name in the scene that the worker keeps, and how well the splats match it."""

    psnr: FloatProperty(name="PSNR", description="How well the splats match this photo, in dB; more is better")
    set_aside: BoolProperty(
        name="Set Aside", description="Whether this photo judged the refinement before splats learned from it"
    )


def store(obj: bpy.types.Object, figures: results.PhotoFigures | None, splats: int) -> None:
    """Store what was measured of that many splats, which are now the object's; None if nothing was."""
    own = group_of(obj)
    own.figures.clear()
    own.measured = splats if figures else 0
    if figures:
        for name, psnr in sorted(figures.psnr.items(), key=lambda pair: pair[1]):
            figure = own.figures.add()
            figure.name, figure.psnr, figure.set_aside = name, psnr, name in figures.set_aside


def are_of_what_is_shown(obj: bpy.types.Object) -> bool:
    """Whether as many splats are shown as were measured, in their own sizes. A cheap look: a millisecond for a million splats."""
    cloud, visible = points.cloud_of(obj), masks.visible(obj)
    shown = len(cloud.points) if visible is None else int(np.count_nonzero(visible))
    return shown == group_of(obj).measured and look.SIZES not in cloud.attributes


def find(obj: bpy.types.Object, photo: str) -> Any | None:
    """What was measured of a photo."""
    return group_of(obj).figures.get(photo)
