# SPDX-License-Identifier: GPL-3.0-or-later
"""How a new reconstruction presents itself: seen from its most central camera, with the others out of the way.

The scene's camera and its size of renders are set where nobody has chosen any: where the scene has no camera or that of Blender's
startup file, and renders at Blender's own size.
"""

from __future__ import annotations

import bpy
import numpy as np

from ..engine import results
from ..narrowing import given, untyped
from .cameras import PHOTO, camera_of, look_through
from .other_cameras import hide_others
from .reconstruction import cameras_of
from .startup import remove_leftover, renders_freely, takes_camera


def present(context: bpy.types.Context, splats: bpy.types.Object, table: results.CameraTable) -> bpy.types.Object | None:
    """Present splats that were just reconstructed; returns the camera to look through if the scene now has it as its own.

    `table` has the cameras of the splats, and the sizes at which the photos were used.
    """
    scene, index = given(context.scene), most_central(table.c2w)
    remove_leftover(scene)
    best = next((camera for camera in cameras_of(splats) if untyped(camera_of(camera))[PHOTO] == table.names[index]), None)
    if best is None:
        return None
    hide_others(given(context.view_layer), splats, best)
    if not takes_camera(scene):
        return None
    if renders_freely(scene):
        width, height = table.sizes[index].tolist()
        look_through(scene, best, (width, height))
    scene.camera = best
    return best


def most_central(
    c2w: np.ndarray,  # [V, 4, 4]
) -> int:
    """The camera that is nearest to all others together; of several the first."""
    places = c2w[:, :3, 3]
    apart = np.linalg.norm(places[:, None] - places[None], axis=2).sum(1)
    return int(np.argmin(np.round(apart, 6)))
