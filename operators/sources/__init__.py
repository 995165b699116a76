# SPDX-License-Identifier: GPL-3.0-or-later
"""Sources of the photos of a reconstruction, and the files sent to the worker."""

from __future__ import annotations

from typing import Any

import bpy

from ..engine import errors
from ..narrowing import given, group_of
from ..paths import resolved
from ..scene.reconstruction import cameras_of
from .folders import CheckedFolder, Video, chosen, left_out
from .objects import Clip, Pictured, new_pictured, warning_about
from .source import Lacking, Source

__all__ = ["Source", "chosen", "left_out", "missing", "new_pictured", "source_of", "source_of_splats", "warning_about"]


def source_of(context: bpy.types.Context) -> Source:
    """Return the source chosen in the panel."""
    group = group_of(context.scene).source
    try:
        return SOURCES[group.kind](context, group)
    except errors.TttlrmError as error:  # a path that cannot be resolved
        return Lacking(error.words)


def source_of_splats(splats: bpy.types.Object) -> Source:
    """Return the photos that splats were made of: those of their cameras."""
    none = errors.text("The cameras of these splats show no photos. Choose the folder of the photos.")
    beside = (obj for collection in splats.users_collection for obj in collection.all_objects)
    return Pictured(cameras_of(splats) or dict.fromkeys(obj for obj in beside if obj.type == "CAMERA"), none)


def missing(context: bpy.types.Context, source: Source | None = None) -> errors.Text:
    """Return what to do before the panel's source can be reconstructed; empty if it is complete. `source` saves looking it up."""
    group, source = group_of(context.scene).source, source or source_of(context)
    if source.missing:
        return source.missing
    if group.cameras == "BLENDER" and not source.posed:
        return errors.text("Not all of these photos belong to cameras in Blender. Choose others, or estimate their poses.")
    if group.cameras == "FILE" and group_of(context.scene).poses == "auto":
        return errors.text("Choose a file with the camera poses.")
    return errors.Text()


def _selected(context: bpy.types.Context, group: Any) -> Source:
    none = errors.text("No photos are selected. Select image empties or cameras with background images, or choose a folder.")
    return Pictured(context.selected_objects, none)


def _folder(context: bpy.types.Context, group: Any) -> Source:
    unused = frozenset(photo.name for photo in group.photos if not photo.use)
    used = frozenset(photo.name for photo in group.photos if photo.use)
    return CheckedFolder(resolved(group.folder), unused, used)


def _video(context: bpy.types.Context, group: Any) -> Source:
    return Video(resolved(group.video))


def _cameras(context: bpy.types.Context, group: Any) -> Source:
    collection = group.collection
    none = errors.text("There are no cameras with background images. Add images to cameras, under Background Images.")
    cameras = (obj for obj in (collection or given(context.scene).collection).all_objects if obj.type == "CAMERA")
    return Pictured(cameras, none, collection.name if collection else "")


def _clip(context: bpy.types.Context, group: Any) -> Source:
    return Clip(group.clip, given(context.scene))


SOURCES = {"SELECTED": _selected, "FOLDER": _folder, "VIDEO": _video, "CAMERAS": _cameras, "CLIP": _clip}
