# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that names in pose files mean, however the names are spelled and wherever the files have moved."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

from ..photo_files import MASKS, PHOTOS, RAW, SMALLER, key, stem_key
from .confinement import within_bounds
from .pose_files import bad_poses

DEEPEST = 4  # folders between the folder of the photos and a file that has moved


@dataclass(frozen=True)
class Found:
    """What the names of a pose file mean."""

    files: dict[str, Path] = field(default_factory=dict)
    moved: list[str] = field(default_factory=list)  # names in `files` that name another folder than the file's
    unclear: list[str] = field(default_factory=list)  # names not in `files` that more than one file fits


def places(folder: Path, *beside: Path) -> list[Path]:
    """Folders that the names in a pose file may start from: those `beside` it, and those of a folder of photos."""
    usual = ("", "images", "input", *SMALLER)
    return list(dict.fromkeys([*beside, *(folder / name for name in usual)]))


def find_files(
    poses: Path,
    names: Iterable[str],
    roots: Sequence[Path],
    below: Path,
    suffixes: Sequence[str] = PHOTOS + RAW,
    photos: Collection[Path] = (),
) -> Found:
    """The files that `names` in the file `poses` mean.

    A name is a path below one of the `roots`; where there is only a smaller copy in `images_2`, `images_4` or `images_8`, the
    copy. It may lack its suffix or have another one, and differ in capital letters, slashes and the way accents are composed.
    Other names are those of files that have moved: of the files `below`, the one that shares the most folders with the name.
    Files in folders that repeat the names of found files have not moved: they are masks or depth maps. No two names mean one
    moved file. Only unmistakable files count.

    If the names are those of masks of some `photos`, moved files share at least one folder with the name, and are no photos.

    Raises `TttlrmError` ("bad_poses") where a name can only mean files outside the folder of `confined`.
    """
    found, folders, names = Found(), _Folders(suffixes), list(dict.fromkeys(names))
    candidates = {name: _candidates(name, roots) for name in names}
    exact = {name: next(filter(folders.is_file, paths), None) for name, paths in candidates.items()}
    found.files.update({name: file for name, file in exact.items() if file})
    _claim({name: _respelled(folders, candidates[name]) for name in names if name not in found.files}, found)
    lost = [name for name in names if name not in found.files and name not in found.unclear]
    if lost:
        moved = _Moved(folders, below, set(found.files.values()), set(photos))
        found.moved.extend(_claim({name: moved.fitting(name) for name in lost}, found))
    for name in lost:
        if name and name not in found.files and not any(map(within_bounds, candidates[name])):
            raise bad_poses(
                "The pose file {} names {!r}, which is outside the scene.", poses, name, hint="Only name files of the scene."
            )
    return found


def _candidates(name: str, roots: Sequence[Path]) -> list[Path]:
    """The paths at which a name may have its file."""
    variants = _variants(_slashed(name)) if name else []
    return [Path(os.path.normpath(root / variant)) for variant in variants for root in roots]


def _respelled(folders: _Folders, candidates: list[Path]) -> tuple[list[Path], int]:
    """The files at the first of the paths that has any, spelled otherwise."""
    return next(filter(None, map(folders.fitting, candidates)), []), 0


def _claim(fitting: dict[str, tuple[list[Path], int]], found: Found) -> list[str]:
    """Give each name the one file that fits, and a file to one name: that with the highest rank. Return these names."""
    taken, claims = set(found.files.values()), defaultdict(list)
    for name, (files, rank) in fitting.items():
        if len(files) > 1:
            found.unclear.append(name)
        elif files and files[0] not in taken:
            claims[files[0]].append((rank, name))
    settled = []
    for file, rivals in claims.items():
        highest = [name for rank, name in rivals if rank == max(rivals)[0]]
        if len(highest) == 1:
            found.files[highest[0]] = file
            settled += highest
        else:
            found.unclear.extend(highest)
    return settled


def _variants(name: str) -> list[str]:
    """A name and those of the smaller copies of its image: nerfstudio and DL3DV name `images/` even where only these exist."""
    return list(dict.fromkeys([name, *(re.sub(r"(^|/)images/", rf"\1{folder}/", name) for folder in SMALLER)]))


class _Folders:
    """The files of folders by name, read at most once."""

    def __init__(self, suffixes: Sequence[str]) -> None:
        self.suffixes = frozenset(suffixes)
        self._known: dict[Path, _Contents] = {}

    def is_file(self, path: Path) -> bool:
        try:
            return within_bounds(path) and path.is_file()
        except (OSError, ValueError):  # a name that is too long, or has a null byte
            return False

    def fitting(self, path: Path) -> list[Path]:
        """The files at a path that may be spelled otherwise."""
        *folders, name = path.parts
        place = Path(*folders)
        return [file for spelled in self._respelled(place) for file in self.contents(spelled).fitting(name)]

    def contents(self, folder: Path) -> _Contents:
        if folder not in self._known:
            self._known[folder] = _Contents(folder, self.suffixes)
        return self._known[folder]

    def _respelled(self, folder: Path) -> list[Path]:
        """The folders at a path that may be spelled otherwise."""
        if self.contents(folder).exists or folder.parent == folder:
            return [folder]
        around = (place for place in self._respelled(folder.parent) if self.contents(place).exists)
        return [child for place in around for child in self.contents(place).folders if key(child.name) == key(folder.name)]


class _Contents:
    """The files with wanted suffixes, and the folders, of one folder."""

    def __init__(self, folder: Path, suffixes: frozenset[str]) -> None:
        self.folder, self.suffixes = folder, suffixes
        try:
            entries = sorted(folder.iterdir()) if within_bounds(folder) else []
            self.exists = within_bounds(folder) and folder.is_dir()
        except (OSError, ValueError):
            entries, self.exists = [], False
        self._entries = entries

    @cached_property
    def folders(self) -> list[Path]:
        return [entry for entry in self._entries if entry.is_dir() and within_bounds(entry)]

    @cached_property
    def files(self) -> list[Path]:
        wanted = (entry for entry in self._entries if entry.suffix.lower() in self.suffixes)
        return [entry for entry in wanted if entry.is_file() and within_bounds(entry)]

    @cached_property
    def by_stem(self) -> dict[str, list[Path]]:
        files = defaultdict(list)
        for file in self.files:
            files[stem_key(file.name, self.suffixes)].append(file)
        return files

    def fitting(self, name: str) -> list[Path]:
        """The files that a name may mean; a camera raw file only where no image was made of it."""
        alike = self.by_stem.get(stem_key(name, self.suffixes), [])
        exact = [file for file in alike if key(file.name) == key(name)]
        finished = [file for file in alike if file.suffix.lower() not in RAW]
        return exact or finished or alike


class _Moved:
    """The files below a folder that names of other places may mean."""

    def __init__(self, folders: _Folders, below: Path, found: set[Path], photos: set[Path]) -> None:
        self._below, self._suffixes, self._photos = below, folders.suffixes, photos
        used = {stem_key(file.name, folders.suffixes) for file in found}
        self._by_stem: dict[str, list[_Contents]] = defaultdict(list)
        for contents in map(folders.contents, _folders_below(folders, below)):
            beside = contents.folder.name.lower() in MASKS or used & contents.by_stem.keys()
            if photos or not beside:
                for stem in contents.by_stem:
                    self._by_stem[stem].append(contents)

    def fitting(self, name: str) -> tuple[list[Path], int]:
        """The files that fit best, and the number of folders that they share with the name."""
        *folders, last = [key(part) for part in PurePosixPath(_slashed(name)).parts if part not in ("..", "/")] or [""]
        candidates = [file for contents in self._by_stem[stem_key(last, self._suffixes)] for file in contents.fitting(last)]
        shared = {file: _shared(folders, file.parent, self._below) for file in candidates if file not in self._photos}
        most = max(shared.values(), default=0)
        best = [file for file, count in shared.items() if count == most and (count or not self._photos)]
        exact = [file for file in best if key(file.name) == last] or best
        large = [file for file in exact if file.parent.name.lower() not in SMALLER]
        return large or exact, most


def _folders_below(folders: _Folders, folder: Path, depth: int = DEEPEST) -> Iterable[Path]:
    yield folder
    for child in folders.contents(folder).folders if depth else []:
        if not (child.name.startswith(".") or child.is_symlink()):
            yield from _folders_below(folders, child, depth - 1)


def _shared(folders: list[str], place: Path, below: Path) -> int:
    """How many of the last folders of a name are those of a place below a folder."""
    parts = [key(part) for part in place.relative_to(below).parts]
    pairs = zip(reversed(folders), reversed(parts), strict=False)
    return next((count for count, (first, second) in enumerate(pairs) if first != second), min(len(folders), len(parts)))


def _slashed(name: str) -> str:
    return name.replace("\\", "/")
