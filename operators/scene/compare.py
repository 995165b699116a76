# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats beside their photos: whose photos they are, through which camera a 3D view looks, and how the two are compared there."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import EnumProperty, FloatProperty

from ..narrowing import given, group_of, untyped
from ..windows import redraw
from .camera_view import frame_of
from .cameras import PHOTO, background_photo, camera_of, image_user, look_through
from .flight import fly_to_camera, view_now
from .other_cameras import exchange
from .photo_images import photo_size
from .reconstruction import cameras_of
from .splats import is_splats
from .startup import renders_freely

MODES = (
    ("OFF", "Off", "Show the splats alone"),
    ("WIPE", "Wipe", "Show the photo to the right of a line that can be dragged, and the splats to its left"),
    ("DIFFERENCE", "Difference", "Show how far the colors of the splats are from those of the photo: black where they agree"),
)


def _changed(group: bpy.types.PropertyGroup, context: bpy.types.Context) -> None:
    """Blender calls this when a setting has changed."""
    redraw("VIEW_3D")


class TTTLRM_PG_compare(bpy.types.PropertyGroup):
    """How splats are compared with the photo of the camera that a 3D view looks through."""

    mode: EnumProperty(
        name="Compare", description="How splats and photo are shown in the camera view", items=MODES, update=_changed
    )
    split: FloatProperty(
        name="Line",
        description="Where the line between splats and photo is, from the left edge of the picture to the right",
        min=0.0,
        max=1.0,
        default=0.5,
        subtype="FACTOR",
        update=_changed,
    )
    gain: FloatProperty(
        name="Amplify",
        description="Factor by which differences are magnified",
        min=1.0,
        max=50.0,
        soft_max=20.0,
        default=4.0,
        update=_changed,
    )


def is_photo_camera(obj: bpy.types.Object | None) -> bool:
    """Whether an object is the camera of a photo, as a reconstruction makes them."""
    return obj is not None and obj.type == "CAMERA" and isinstance(camera_of(obj).get(PHOTO), str)


def photo_of(camera: bpy.types.Object) -> str:
    """The name of a camera's photo in the scene that the worker keeps."""
    return untyped(camera_of(camera))[PHOTO]


def splats_compared(context: bpy.types.Context) -> bpy.types.Object | None:
    """The active splats, or those to which the active camera or else the scene's belongs; None without photos' cameras."""
    active, scene = context.object, given(context.scene)
    if is_splats(active) and cameras_of(given(active)):
        return active
    for camera in filter(is_photo_camera, (active, scene.camera)):
        if found := next((obj for obj in scene.objects if is_splats(obj) and camera in cameras_of(obj)), None):
            return found
    return None


def photo_cameras(splats: bpy.types.Object) -> list[bpy.types.Object]:
    """The cameras of the photos of splats, by the photos' names."""
    return sorted(cameras_of(splats), key=photo_of)


def camera_seen(scene: bpy.types.Scene, space: bpy.types.SpaceView3D | None) -> bpy.types.Object | None:
    """The camera that a 3D view shows when it looks through one: the scene's, or a view may have its own."""
    return space.camera if space is not None and space.use_local_camera else scene.camera


def looks_through(space: bpy.types.Space | None) -> bool:
    """Whether a 3D view looks through a camera."""
    return isinstance(space, bpy.types.SpaceView3D) and given(space.region_3d).view_perspective == "CAMERA"


def view_photo(context: bpy.types.Context, splats: bpy.types.Object, camera: bpy.types.Object) -> None:
    """Look through the camera of a photo in the 3D view of the context or else the largest one.

    Renders get the size of the photo, unless a person has chosen another.
    """
    scene, image = given(context.scene), background_photo(camera)
    size, before = photo_size(image, image_user(camera)) if image else (0, 0), _shape(scene)
    if min(size) and renders_freely(scene):
        look_through(scene, camera, size)
    scene.camera = camera
    exchange(given(context.view_layer), splats, camera)
    area = _area(context)
    if area is not None:
        fly_to_camera(view_now(scene, area), camera, reframe=_shape(scene) != before)
    redraw("VIEW_3D")


def _shape(scene: bpy.types.Scene) -> float:
    """The shape of a render: width over height."""
    width, height = frame_of(scene)
    return width / height


def chosen_in_list(group: Any, context: bpy.types.Context) -> None:
    """Blender calls this when another photo is chosen in the list: look through its camera."""
    if not 0 <= group.active_figure < len(group.figures):
        return
    photo = group.figures[group.active_figure].name
    camera = next((camera for camera in cameras_of(group.id_data) if photo_of(camera) == photo), None)
    if camera is not None and camera.name in given(context.scene).objects:
        view_photo(context, group.id_data, camera)


def choose_in_list(splats: bpy.types.Object, camera: bpy.types.Object) -> None:
    """Have the list show the photo of a camera, and look through that."""
    own = group_of(splats)
    place = own.figures.find(photo_of(camera))
    if place >= 0:
        own.active_figure = place


def _area(context: bpy.types.Context) -> bpy.types.Area | None:
    if context.area is not None and context.area.type == "VIEW_3D":
        return context.area
    areas = [area for area in context.screen.areas if area.type == "VIEW_3D"] if context.screen else []
    return max(areas, key=lambda area: area.width * area.height, default=None)
