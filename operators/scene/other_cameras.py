# SPDX-License-Identifier: GPL-3.0-or-later
"""The cameras of all photos but one, out of the way behind the closed eye of their collection.

Blender draws background images only of cameras that can be seen, so the one that a view looks through is linked beside the splats
too. It stays in its collection: that holds the cameras of all photos, for whom it is chosen as a source of them.
"""

from __future__ import annotations

import bpy

from .editable import is_editable
from .reconstruction import cameras_of


def hide_others(layer: bpy.types.ViewLayer, splats: bpy.types.Object, best: bpy.types.Object) -> None:
    """Put one camera beside the splats, and close the eye of the collection with the others."""
    for collection in best.users_collection:
        if collection in splats.users_collection:
            continue
        splats.users_collection[0].objects.link(best)
        if found := _in_layer(layer.layer_collection, collection):
            found.hide_viewport = True


def exchange(layer: bpy.types.ViewLayer, splats: bpy.types.Object, camera: bpy.types.Object) -> None:
    """Have a camera behind a closed eye seen beside the splats, instead of the one that was."""
    beside = splats.users_collection
    closed = next((found for one in camera.users_collection if (found := _in_layer(layer.layer_collection, one))), None)
    if closed is None or not closed.hide_viewport or closed.collection in beside:
        return
    if not all(map(is_editable, (closed.collection, *beside))):
        return  # Blender does not link objects into linked collections
    for other in cameras_of(splats):
        shown = [collection for collection in other.users_collection if collection in beside]
        if other == camera or not shown:
            continue
        if closed.collection not in other.users_collection:  # as older versions moved it
            closed.collection.objects.link(other)
        for collection in shown:
            collection.objects.unlink(other)
    if camera.name not in beside[0].objects:
        beside[0].objects.link(camera)


def _in_layer(layer: bpy.types.LayerCollection, wanted: bpy.types.Collection) -> bpy.types.LayerCollection | None:
    if layer.collection == wanted:
        return layer
    return next((found for child in layer.children if (found := _in_layer(child, wanted))), None)
