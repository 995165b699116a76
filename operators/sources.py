# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the photos of a reconstruction come from: what a panel says about them, and the files that the worker is given."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import bpy

from .engine import errors
from .photo_sets import VIDEOS, added_photos, folder_files
from .scene.cameras import background_photo, ignored, photo_set
from .scene.clips import clip_set, solved_cameras
from .scene.reconstruction import cameras_of

Files = dict[str, Path | bytes]
FEWEST = 2  # photos that something can be reconstructed from


class Source:
    """Some photos."""

    title = "Reconstruction"  # of what they become
    posed = False  # whether all belong to cameras in Blender

    @property
    def label(self) -> str:
        """What they are, as in “Reconstruct 12 Photos”."""
        raise NotImplementedError

    @property
    def missing(self) -> str:
        """What a person has to do before they can be used, in sentences; nothing where they can."""
        raise NotImplementedError

    @property
    def warning(self) -> str:
        """What of the source is not heeded, in a sentence; mostly nothing."""
        return ""

    def files(self) -> Files:
        """The files of the photo set. Raises `TttlrmError` where something is missing or cannot be read."""
        raise NotImplementedError

    def _require(self) -> None:
        if self.missing:
            raise errors.TttlrmError(self.missing, code="no_photos")


class Pictured(Source):
    """Photos that objects show: image empties, and cameras with background images."""

    def __init__(self, objects: Iterable[bpy.types.Object], none: str, title: str = "") -> None:
        """`none` says what to do where there are none."""
        self._objects, self._none = [obj for obj in objects if background_photo(obj)], none
        self.title = title or self.title

    @property
    def posed(self) -> bool:
        """Whether all belong to cameras in Blender."""
        return all(obj.type == "CAMERA" for obj in self._objects)

    @property
    def label(self) -> str:
        """How many."""
        return f"{len(self._objects)} Photos"

    @property
    def missing(self) -> str:
        """Photos, or more of them."""
        if not self._objects:
            return self._none
        return "" if len(self._objects) >= FEWEST else "There is only one photo. Add photos of the same scene from other places."

    @property
    def warning(self) -> str:
        """Photos that do not simply fill the frames of their cameras."""
        return placement_warning(self._objects)

    def files(self) -> Files:
        """The photos and, where all belong to cameras, their poses."""
        self._require()
        return photo_set(self._objects)


@dataclass(frozen=True)
class Folder(Source):
    """Photos of a folder, with the poses that lie there."""

    path: Path
    unused: Collection[str] = field(default_factory=frozenset)  # names of photos that are left out

    @property
    def title(self) -> str:
        """The folder's name."""
        return self.path.name

    def files(self) -> Files:
        """Photos and pose files."""
        return {name: path for name, path in folder_files(self.path).items() if name not in self.unused}


@dataclass(frozen=True)
class CheckedFolder(Folder):
    """A folder whose photos a person has looked through."""

    used: int = 0

    @property
    def label(self) -> str:
        """How many are checked."""
        return f"{self.used} Photos"

    @property
    def missing(self) -> str:
        """A folder, photos, or check marks."""
        if self.path == Path():
            return "Choose a folder of photos."
        if not self.used and not self.unused:
            return f"There are no photos in {self.path}. Choose another folder."
        return "" if self.used >= FEWEST else f"Check at least {FEWEST} photos."

    def files(self) -> Files:
        """What is checked."""
        self._require()
        return super().files()


@dataclass(frozen=True)
class Video(Source):
    """Frames of a video; the worker chooses them."""

    path: Path

    @property
    def title(self) -> str:
        """The file's name."""
        return self.path.stem

    @property
    def label(self) -> str:
        """That it is one."""
        return "a Video"

    @property
    def missing(self) -> str:
        """The file."""
        if self.path == Path():
            return "Choose a video file."
        if self.path.suffix.lower() not in VIDEOS:
            return f"{self.path.name} is no video that is read. Choose another file."
        return "" if self.path.is_file() else f"{self.path} does not exist. Choose another file."

    def files(self) -> Files:
        """The video."""
        self._require()
        return {self.path.name: self.path}


class Clip(Source):
    """Frames of a movie clip whose camera was solved."""

    posed = True

    def __init__(self, clip: bpy.types.MovieClip | None, scene: bpy.types.Scene) -> None:
        """`scene` has the camera that follows the solution, if any does."""
        self._clip, self._scene = clip, scene
        self._frames = len(solved_cameras(clip)) if clip else 0
        self.title = Path(clip.name).stem if clip else self.title

    @property
    def label(self) -> str:
        """How many."""
        return f"{self._frames} Frames"

    @property
    def missing(self) -> str:
        """The clip, or its camera."""
        if not self._clip:
            return "Choose a movie clip."
        return "" if self._frames >= FEWEST else "The clip's camera is not solved. Track and solve it in the Movie Clip Editor."

    def files(self) -> Files:
        """The frames and their poses."""
        self._require()
        return clip_set(self._clip, self._scene)


@dataclass(frozen=True)
class Chosen(Source):
    """Some photo files."""

    paths: tuple[Path, ...]

    @property
    def title(self) -> str:
        """The name of the folder that they are in."""
        return self.paths[0].parent.name

    @property
    def label(self) -> str:
        """How many."""
        return f"{len(self.paths)} Photos"

    @property
    def missing(self) -> str:
        """More of them."""
        return "" if len(self.paths) >= FEWEST else "There is only one photo. Choose more of the same scene."

    def files(self) -> Files:
        """The photos; poses that lie beside them may mean others."""
        self._require()
        return dict(added_photos(self.paths, ()))


def chosen(folder: Path, names: Collection[str]) -> Source:
    """The source that files in a folder are: photos, or a video; without names the folder."""
    paths = tuple(folder / name for name in sorted(names))
    if len(paths) == 1 and paths[0].suffix.lower() in VIDEOS:
        return Video(paths[0])
    return Chosen(paths) if paths else Folder(folder)


def source_of(context: bpy.types.Context) -> Source:
    """The source that the panel names."""
    group = context.scene.tttlrm.source
    return SOURCES[group.kind](context, group)


def missing(context: bpy.types.Context) -> str:
    """What a person has to do before the panel's source can be reconstructed, in sentences."""
    group, source = context.scene.tttlrm.source, source_of(context)
    if source.missing:
        return source.missing
    if group.cameras == "BLENDER" and not source.posed:
        return "Not all of these photos belong to cameras in Blender. Choose cameras as the source, or estimate their poses."
    if group.cameras == "FILE" and context.scene.tttlrm.poses == "auto":
        return "Choose a file with the poses of the cameras."
    return ""


def placement_warning(objects: Iterable[bpy.types.Object]) -> str:
    """A sentence about cameras whose background images are placed otherwise than is assumed."""
    names = ", ".join(obj.name for obj in objects if ignored(obj))
    return f"Offset, rotation, scale and flip of background images are not heeded: {names}." if names else ""


def new_pictured(context: bpy.types.Context) -> list[bpy.types.Object]:
    """The selected objects that show photos which the active splats have not seen."""
    old = cameras_of(context.object)
    return [obj for obj in context.selected_objects if background_photo(obj) and obj not in old]


def _selected(context: bpy.types.Context, group: bpy.types.PropertyGroup) -> Source:
    none = "No photos are selected. Select image empties, or cameras with background images, or give a folder."
    return Pictured(context.selected_objects, none)


def _folder(context: bpy.types.Context, group: bpy.types.PropertyGroup) -> Source:
    unused = frozenset(photo.name for photo in group.photos if not photo.use)
    return CheckedFolder(_path(group.folder), unused, len(group.photos) - len(unused))


def _video(context: bpy.types.Context, group: bpy.types.PropertyGroup) -> Source:
    return Video(_path(group.video))


def _cameras(context: bpy.types.Context, group: bpy.types.PropertyGroup) -> Source:
    collection = group.collection
    none = "There are no cameras with background images. Add images to cameras, under Background Images."
    cameras = (obj for obj in (collection or context.scene.collection).all_objects if obj.type == "CAMERA")
    return Pictured(cameras, none, collection.name if collection else "")


def _clip(context: bpy.types.Context, group: bpy.types.PropertyGroup) -> Source:
    return Clip(group.clip, context.scene)


def _path(chosen: str) -> Path:
    return Path(bpy.path.abspath(chosen)) if chosen else Path()


SOURCES = {"SELECTED": _selected, "FOLDER": _folder, "VIDEO": _video, "CAMERAS": _cameras, "CLIP": _clip}
