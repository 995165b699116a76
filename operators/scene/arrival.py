# SPDX-License-Identifier: GPL-3.0-or-later
"""How a new reconstruction presents itself: seen from its most central camera, with the others out of the way.

The scene's camera and its size of renders are set where nobody has chosen any: where the scene has no camera or that of Blender's
startup file, and renders at Blender's own size.
"""

from __future__ import annotations

from collections.abc import Iterable

import bpy
import numpy as np
from mathutils import Vector

from ..engine import results
from ..narrowing import given, untyped
from .cameras import PHOTO, camera_of, look_through
from .editable import is_editable
from .reconstruction import cameras_of

STARTUP_CAMERA, STARTUP_PLACE, NEAR = "Camera", (7.3589, -6.9258, 4.9583), 1e-3  # of Blender's startup file
STARTUP_SIZE = (1920, 1080, 100)
STARTUP_COLLECTION = "Collection"


def present(context: bpy.types.Context, splats: bpy.types.Object, table: results.CameraTable) -> bpy.types.Object | None:
    """Present splats that were just reconstructed; returns the camera to look through if the scene now has it as its own.

    `table` has the sizes at which the photos were used.
    """
    scene, cameras = given(context.scene), cameras_of(splats)
    _remove_leftover(scene)
    if not cameras:
        return None
    best = most_central(cameras)
    hide_others(given(context.view_layer), splats, best)
    if not takes_camera(scene):
        return None
    if renders_as_at_startup(scene):
        look_through(scene, best, _size(best, table))
    scene.camera = best
    return best


def most_central(cameras: Iterable[bpy.types.Object]) -> bpy.types.Object:
    """The camera that is nearest to all others together; of several the first by name."""
    ordered = sorted(cameras, key=lambda camera: camera.name)
    given(bpy.context.view_layer).update()
    places = np.array([camera.matrix_world.translation for camera in ordered])
    apart = np.linalg.norm(places[:, None] - places[None], axis=2).sum(1)
    return ordered[int(np.argmin(np.round(apart, 6)))]


def hide_others(layer: bpy.types.ViewLayer, splats: bpy.types.Object, best: bpy.types.Object) -> None:
    """Put one camera beside the splats, and close the eye of the collection with the others."""
    for collection in best.users_collection:
        if collection in splats.users_collection:
            continue
        splats.users_collection[0].objects.link(best)
        collection.objects.unlink(best)
        if found := _in_layer(layer.layer_collection, collection):
            found.hide_viewport = True


def takes_camera(scene: bpy.types.Scene) -> bool:
    """Whether nobody has chosen the camera of a scene."""
    camera = scene.camera
    return camera is None or (
        camera.name == STARTUP_CAMERA
        and not (camera.animation_data or camera.parent or camera.constraints)
        and (camera.location - Vector(STARTUP_PLACE)).length < NEAR
    )


def renders_as_at_startup(scene: bpy.types.Scene) -> bool:
    """Whether a scene renders at the size of Blender's startup file."""
    render = scene.render
    square = render.pixel_aspect_x == render.pixel_aspect_y == 1
    return square and (render.resolution_x, render.resolution_y, render.resolution_percentage) == STARTUP_SIZE


def _size(camera: bpy.types.Object, table: results.CameraTable) -> tuple[int, int]:
    width, height = table.sizes[table.names.index(untyped(camera_of(camera))[PHOTO])].tolist()
    return width, height


def _remove_leftover(scene: bpy.types.Scene) -> None:
    """Remove the empty collection that Blender's startup file leaves behind."""
    left = next((child for child in scene.collection.children if child.name == STARTUP_COLLECTION), None)
    if left and is_editable(left) and left.users == 1 and not (left.all_objects or left.children):
        bpy.data.collections.remove(left)


def _in_layer(layer: bpy.types.LayerCollection, wanted: bpy.types.Collection) -> bpy.types.LayerCollection | None:
    if layer.collection == wanted:
        return layer
    return next((found for child in layer.children if (found := _in_layer(child, wanted))), None)
