# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos and videos on disk."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from ..engine import errors, photo_files
from ..translations import shown
from .photo_sets import added_photos, folder_files, photos_in
from .picture_size import picture_size
from .source import FEWEST, Files, Source

FRAMES = 100  # of a video


@dataclass(frozen=True)
class Folder(Source):
    """Photos of a folder, with the pose files in it."""

    path: Path
    unused: Collection[str] = field(default_factory=frozenset)  # names of photos that are left out

    @property
    def title(self) -> str:
        """The folder's name."""
        return self.path.name

    def files(self) -> Files:
        """Return the photos and pose files."""
        return {name: path for name, path in folder_files(self.path).items() if name not in self.unused}


@dataclass(frozen=True)
class CheckedFolder(Folder):
    """A folder of which only the checked photos are used."""

    used: Collection[str] = ()  # names of the checked photos

    @property
    def count(self) -> int:
        """The number of checked photos."""
        return len(self.used)

    @property
    def size(self) -> tuple[int, int]:
        """That of the first checked photo."""
        return picture_size(self.path / min(self.used)) if self.used else super().size

    @property
    def folder(self) -> Path:
        """The folder itself."""
        return self.path

    @property
    def label(self) -> str:
        """The number of checked photos."""
        return shown("{} Photos", len(self.used))

    @property
    def missing(self) -> errors.Text:
        """A request for a folder, photos or check marks."""
        if self.path == Path():
            return errors.text("Choose a folder of photos.")
        if not self.used and not self.unused:
            return errors.text("There are no photos in {}. Choose another folder.", self.path)
        return errors.Text() if len(self.used) >= FEWEST else errors.text("Check at least {} photos.", FEWEST)

    @property
    def warning(self) -> str:
        """A warning about photos that were deleted or added since the folder was listed."""
        there = {path.relative_to(self.path).as_posix() for path in photos_in(self.path)}
        gone, new = (", ".join(sorted(names)) for names in (set(self.used) - there, there - set(self.used) - set(self.unused)))
        told_gone = shown("These photos were deleted since the folder was listed: {}.", gone) if gone else ""
        told_new = shown("These photos were added since the folder was listed and are used too: {}.", new) if new else ""
        return " ".join(filter(None, (told_gone, told_new)))

    def files(self) -> Files:
        """Return the checked photos and the pose files."""
        self._require()
        return super().files()


@dataclass(frozen=True)
class Video(Source):
    """A video, of which the worker chooses frames."""

    path: Path

    @property
    def count(self) -> int:
        """About how many frames the worker takes."""
        return FRAMES

    @property
    def title(self) -> str:
        """The file's name."""
        return self.path.stem

    @property
    def label(self) -> str:
        """The words “a Video”."""
        return shown("a Video")

    @property
    def missing(self) -> errors.Text:
        """A request for a video file."""
        if self.path == Path():
            return errors.text("Choose a video file.")
        if not photo_files.is_video(self.path):
            return errors.text("{} is not a supported video. Choose another file.", self.path.name)
        return errors.Text() if self.path.is_file() else errors.text("{} does not exist. Choose another file.", self.path)

    def files(self) -> Files:
        """Return the video."""
        self._require()
        return {self.path.name: self.path}


@dataclass(frozen=True)
class Chosen(Source):
    """Individual photo files."""

    paths: tuple[Path, ...]
    others: tuple[Path, ...] = ()  # files beside them that were chosen too, but are no photos

    @property
    def title(self) -> str:
        """The name of their folder."""
        return (self.paths or self.others)[0].parent.name

    @property
    def label(self) -> str:
        """The number of photos."""
        return shown("{} Photos", len(self.paths))

    @property
    def missing(self) -> errors.Text:
        """A request for photos, or for more of them."""
        if not self.paths:
            return errors.text("No photo is among the chosen files. Left out: {}.", _names(self.others))
        few = errors.text("There is only one photo. Choose more of the same scene.")
        return errors.Text() if len(self.paths) >= FEWEST else few

    @property
    def warning(self) -> str:
        """A warning about chosen files that are not used."""
        return left_out(self.others)

    def files(self) -> Files:
        """Return the photos without pose files beside them, which may be for other photos."""
        self._require()
        return dict(added_photos(self.paths, ()))


def chosen(folder: Path, names: Collection[str]) -> Source:
    """Return the source for files in a folder: photos or a video; without names, the folder itself."""
    paths = tuple(folder / name for name in sorted(names))
    if len(paths) == 1 and photo_files.is_video(paths[0]):
        return Video(paths[0])
    photos = tuple(filter(photo_files.is_photo, paths))
    return Chosen(photos, tuple(path for path in paths if path not in photos)) if paths else Folder(folder)


def left_out(paths: Collection[Path]) -> str:
    """Return a warning about chosen files that are not used; empty if there are none."""
    return shown("Left out: {}.", _names(paths)) if paths else ""


def _names(paths: Collection[Path]) -> str:
    return ", ".join(path.name for path in paths)
