# SPDX-License-Identifier: GPL-3.0-or-later
"""Align the ground of a scene to the grid."""

import bpy
import numpy as np
from bpy.props import BoolProperty, EnumProperty

from ...engine import ground
from ...scene import masks, points
from ...scene.radiance import BASE
from ...translations import told
from .operator import EditOperator, edited, places
from .root import cameras, move, picked

METHODS = (
    ("AUTO", "Detect", "The large plane below the cameras, or below everything else"),
    ("POINTS", "Through Points", "The plane through three or more selected empties, or through the selected splats"),
)


class TTTLRM_OT_align_ground(EditOperator, bpy.types.Operator):
    """Rotate and move the splats, with their mesh and cameras, so that the ground lies at height 0"""

    bl_idname = "tttlrm.align_ground"
    bl_label = "Align Splats to Ground"

    method: EnumProperty(name="Ground", items=METHODS)
    flip: BoolProperty(name="Upside Down", description="Turn the other side of the ground up")

    def edit(self, context: bpy.types.Context) -> str:
        """Find the ground of all edited objects together, then move their roots."""
        means = np.concatenate([_shown(obj, places(obj)) for obj in edited(context)])
        plane = self._ground(context, means)
        if self.flip:
            plane = ground.Plane(-plane.normal, -plane.offset, plane.share)
        move(context, ground.leveling(plane, np.median(means, axis=0) if len(means) else np.zeros(3)))
        tilt = np.degrees(np.arccos(np.clip(plane.normal[2], -1, 1)))
        return told("The ground was tilted by {:.1f}°", tilt)

    def _ground(self, context: bpy.types.Context, means: np.ndarray) -> ground.Plane:
        if self.method == "POINTS":
            return ground.through(picked(context), means, cameras(context))
        opacities = [_shown(obj, points.read(points.cloud_of(obj), BASE).reshape(-1, 4)[:, 3]) for obj in edited(context)]
        return ground.find_ground(means, np.concatenate(opacities), cameras(context))


def _shown(obj: bpy.types.Object, values: np.ndarray) -> np.ndarray:
    """Return the rows of `values` [N, ...] that belong to visible splats."""
    mask = masks.visible(obj)
    return values if mask is None else values[mask]
