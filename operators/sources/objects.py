# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos that things in Blender show: objects, and movie clips."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import bpy

from ..engine import errors
from ..narrowing import given
from ..scene.cameras import background_photo, ignored, photo_set
from ..scene.clips import clip_set, solved_cameras
from ..scene.reconstruction import cameras_of
from ..translations import shown
from .source import FEWEST, Files, Source


class Pictured(Source):
    """Photos that objects show: image empties, and cameras with background images."""

    def __init__(self, objects: Iterable[bpy.types.Object], none: errors.Text, title: str = "") -> None:
        """`none` says what to do where there are none."""
        self._objects, self._none, self._title = [obj for obj in objects if background_photo(obj)], none, title

    @property
    def title(self) -> str:
        """That of the collection, where they are all of one."""
        return self._title or super().title

    @property
    def posed(self) -> bool:
        """Whether all belong to cameras in Blender."""
        return all(obj.type == "CAMERA" for obj in self._objects)

    @property
    def label(self) -> str:
        """How many."""
        return shown("{} Photos", len(self._objects))

    @property
    def missing(self) -> errors.Text:
        """Photos, or more of them."""
        if not self._objects:
            return self._none
        few = errors.text("There is only one photo. Add photos of the same scene from other places.")
        return errors.Text() if len(self._objects) >= FEWEST else few

    @property
    def warning(self) -> str:
        """Photos that do not simply fill the frames of their cameras."""
        return placement_warning(self._objects)

    def files(self) -> Files:
        """The photos and, where all belong to cameras, their poses."""
        self._require()
        return photo_set(self._objects)


class Clip(Source):
    """Frames of a movie clip whose camera was solved."""

    def __init__(self, clip: bpy.types.MovieClip | None, scene: bpy.types.Scene) -> None:
        """`scene` has the camera that follows the solution, if any does."""
        self._clip, self._scene = clip, scene
        self._frames = len(solved_cameras(clip)) if clip else 0

    @property
    def title(self) -> str:
        """The clip's name."""
        return Path(self._clip.name).stem if self._clip else super().title

    @property
    def posed(self) -> bool:
        """All of its cameras were solved."""
        return True

    @property
    def label(self) -> str:
        """How many."""
        return shown("{} Frames", self._frames)

    @property
    def missing(self) -> errors.Text:
        """The clip, or its camera."""
        if not self._clip:
            return errors.text("Choose a movie clip.")
        unsolved = errors.text("The clip's camera is not solved. Track and solve it in the Movie Clip Editor.")
        return errors.Text() if self._frames >= FEWEST else unsolved

    def files(self) -> Files:
        """The frames and their poses."""
        self._require()
        return clip_set(given(self._clip), self._scene)


def new_pictured(context: bpy.types.Context) -> list[bpy.types.Object]:
    """The selected objects that show photos which the active splats have not seen."""
    old = cameras_of(given(context.object))
    return [obj for obj in context.selected_objects if background_photo(obj) and obj not in old]


def placement_warning(objects: Iterable[bpy.types.Object]) -> str:
    """A sentence about cameras whose background images are placed otherwise than is assumed."""
    names = ", ".join(obj.name for obj in objects if ignored(obj))
    return shown("Offset, rotation, scale and flip of background images are ignored: {}.", names) if names else ""
