# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos and videos on disk."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from ..engine import errors
from ..translations import shown
from .photo_sets import VIDEOS, added_photos, folder_files
from .source import FEWEST, Files, Source


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
        return shown("{} Photos", self.used)

    @property
    def missing(self) -> errors.Text:
        """A folder, photos, or check marks."""
        if self.path == Path():
            return errors.text("Choose a folder of photos.")
        if not self.used and not self.unused:
            return errors.text("There are no photos in {}. Choose another folder.", self.path)
        return errors.Text() if self.used >= FEWEST else errors.text("Check at least {} photos.", FEWEST)

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
        return shown("a Video")

    @property
    def missing(self) -> errors.Text:
        """The file."""
        if self.path == Path():
            return errors.text("Choose a video file.")
        if self.path.suffix.lower() not in VIDEOS:
            return errors.text("{} is not a supported video. Choose another file.", self.path.name)
        return errors.Text() if self.path.is_file() else errors.text("{} does not exist. Choose another file.", self.path)

    def files(self) -> Files:
        """The video."""
        self._require()
        return {self.path.name: self.path}


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
        return shown("{} Photos", len(self.paths))

    @property
    def missing(self) -> errors.Text:
        """More of them."""
        return (
            errors.Text() if len(self.paths) >= FEWEST else errors.text("There is only one photo. Choose more of the same scene.")
        )

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
