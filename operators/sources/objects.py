# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos shown by objects, and movie clips."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

import bpy

from ..engine import errors
from ..narrowing import given
from ..scene.cameras import background_photo, ignored, photo_set
from ..scene.clips import clip_set, solved_cameras
from ..scene.photo_images import lacks_original
from ..scene.reconstruction import cameras_of
from ..translations import shown
from .source import FEWEST, Files, Source


class Pictured(Source):
    """Photos shown by objects: image empties and cameras with background images."""

    def __init__(self, objects: Iterable[bpy.types.Object], none: errors.Text, title: str = "") -> None:
        """`none` is the request to show if there are no photos."""
        self._objects, self._none, self._title = [obj for obj in objects if background_photo(obj)], none, title

    @property
    def title(self) -> str:
        """The name of the collection, if one was chosen."""
        return self._title or super().title

    @property
    def posed(self) -> bool:
        """Whether all photos belong to cameras in Blender."""
        return all(obj.type == "CAMERA" for obj in self._objects)

    @property
    def count(self) -> int:
        """The number of photos."""
        return len(self._objects)

    @property
    def label(self) -> str:
        """The number of photos or frames."""
        return shown("{} Photos", len(self._objects))

    @property
    def missing(self) -> errors.Text:
        """A request for photos, or for more of them."""
        if not self._objects:
            return self._none
        few = errors.text("There is only one photo. Add photos of the same scene from other places.")
        return errors.Text() if len(self._objects) >= FEWEST else few

    @property
    def warning(self) -> str:
        """A warning about what is ignored of these objects."""
        return warning_about(self._objects)

    def files(self) -> Files:
        """Return the photos and, if all belong to cameras, their poses."""
        self._require()
        return photo_set(self._objects)


class Clip(Source):
    """Frames of a movie clip whose camera was solved."""

    def __init__(self, clip: bpy.types.MovieClip | None, scene: bpy.types.Scene) -> None:
        """`scene` contains the camera that follows the solution, if there is one."""
        self._clip, self._scene = clip, scene
        self._frames = len(solved_cameras(clip)) if clip else 0

    @property
    def title(self) -> str:
        """The clip's name."""
        return Path(self._clip.name).stem if self._clip else super().title

    @property
    def posed(self) -> bool:
        """True: all frames have solved cameras."""
        return True

    @property
    def count(self) -> int:
        """The number of frames."""
        return self._frames

    @property
    def label(self) -> str:
        """The number of photos or frames."""
        return shown("{} Frames", self._frames)

    @property
    def missing(self) -> errors.Text:
        """A request for a clip, or for its camera solution."""
        if not self._clip:
            return errors.text("Choose a movie clip.")
        unsolved = errors.text("The clip's camera is not solved. Track and solve it in the Movie Clip Editor.")
        return errors.Text() if self._frames >= FEWEST else unsolved

    def files(self) -> Files:
        """Return the frames and their poses."""
        self._require()
        return clip_set(given(self._clip), self._scene)


def new_pictured(context: bpy.types.Context) -> list[bpy.types.Object]:
    """Return the selected objects that show photos, except the cameras of the active splats."""
    old = cameras_of(given(context.object))
    return [obj for obj in context.selected_objects if background_photo(obj) and obj not in old]


def warning_about(objects: Collection[bpy.types.Object]) -> str:
    """Return a warning about what is ignored of objects that show photos; empty if nothing is."""
    return " ".join(filter(None, (_misplaced(objects), _without_originals(objects), _without_cameras(objects))))


def _misplaced(objects: Collection[bpy.types.Object]) -> str:
    """Return a warning about background images that do not exactly fill the camera frame."""
    names = ", ".join(obj.name for obj in objects if ignored(obj))
    return shown("Offset, rotation, scale and flip of background images are ignored: {}.", names) if names else ""


def _without_cameras(objects: Collection[bpy.types.Object]) -> str:
    """Return a warning about cameras beside photos that have none: poses are known of all photos or estimated for all."""
    cameras = sum(obj.type == "CAMERA" for obj in objects)
    if cameras in (0, len(objects)):
        return ""
    return shown("The poses of {} cameras are not used, as the other {} photos have none.", cameras, len(objects) - cameras)


def _without_originals(objects: Collection[bpy.types.Object]) -> str:
    """Return a warning about copies of photos whose files are gone."""
    lost = sum(lacks_original(image) for obj in objects if (image := background_photo(obj)))
    return shown("The files of {} photos are gone; smaller copies in the .blend file are used.", lost) if lost else ""
