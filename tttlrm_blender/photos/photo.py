# SPDX-License-Identifier: GPL-3.0-or-later
"""A photo with its camera, before its pixels are read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from ..errors import Code, TttlrmError, text
from ..geometry.similarity import Similarity
from ..photo_files import MASKS, is_photo, key, stem_key
from ..progress import Report
from .distortion import Distortion

DEEPEST = 4  # levels that a photo and its mask may lie below their common folder


@dataclass(frozen=True)
class Source:
    """The image in a COLMAP model that gave the pose of a photo."""

    model: Path  # folder of the model
    image_id: int
    estimated: bool = False  # by us, and so in an arbitrary world
    world: Similarity | None = None  # from the model's world to that of the photo's pose


@dataclass(frozen=True, eq=False)
class Photo:
    """An image file and the camera that took it, in OpenCV axes. Width, height and intrinsics are those of the pixels used.

    `upright` says whether these are the pixels after the EXIF orientation is applied, or those stored in the file, for which
    some programs find the poses, COLMAP among them.
    """

    name: str  # path relative to the folder of photos, with forward slashes
    path: Path
    width: int
    height: int
    intrinsics: np.ndarray  # [4] float64, fx fy cx cy in pixels
    distortion: Distortion
    c2w: np.ndarray  # [4, 4] float64, camera to world, rigid
    upright: bool = True
    source: Source | None = None
    mask: Path | None = None  # an image that is black where the photo does not count
    alpha: Path | None = None  # an image that is black where the photo shows background, which becomes white

    def reduced(self, factor: int) -> Photo:
        """The same photo at a size reduced by a factor: its pixels are the means of blocks of factor × factor."""
        return replace(self, width=self.width // factor, height=self.height // factor, intrinsics=self.intrinsics / factor)


def masks_of(images: Sequence[Path]) -> list[Path | None]:
    """The mask of each image: NAME.png or NAME.SUFFIX.png in a folder of masks beside it or beside a folder that contains it.

    Such a folder is called `masks` or `mask`. Folders between the two are repeated below it, with or without the first, which
    is mostly `images`. Where only one file fits, it may be spelled otherwise and have another suffix.
    """
    masks_in = cache(_masks_in)  # each folder is listed once
    return [next(filter(None, (_fitting(masks_in(place), image) for place in _mask_folders(image))), None) for image in images]


def _mask_folders(image: Path) -> Iterator[Path]:
    """Where the mask of an image may be."""
    for root in list(image.parents)[:DEEPEST]:
        below = image.relative_to(root).parent
        yield from dict.fromkeys(root / masks / part for masks in MASKS for part in (below, Path(*below.parts[1:])))


def _masks_in(folder: Path) -> dict[str, list[Path]]:
    """The images of a folder by `stem_key`."""
    found = defaultdict(list)
    for file in folder.iterdir() if folder.is_dir() else ():
        if is_photo(file) and file.is_file():
            found[stem_key(file.name)].append(file)
    return found


def _fitting(masks: dict[str, list[Path]], image: Path) -> Path | None:
    alike = [file for name in {stem_key(image.name), key(image.name)} for file in masks.get(name, []) if file != image]
    exact = {file.name: file for file in alike}
    named = exact.get(f"{image.stem}.png") or exact.get(f"{image.name}.png")
    return named or (alike[0] if len(alike) == 1 else None)


def leave_out(errors: list[TttlrmError], left: int, report: Report) -> None:
    """Note the photos that could not be read, if at least two photos and half of all are left.

    Otherwise the first error is raised; an error about a missing package is always raised.
    """
    grave = [error for error in errors if error.code == Code.NO_PACKAGE]
    if grave or (errors and left < max(2, len(errors))):
        raise [*grave, *errors][0]
    for error in errors:
        report.note(text("{} It is left out.", error.text))


def same_shape(first: tuple[int, int], second: tuple[int, int]) -> bool:
    """Whether two sizes have the same aspect ratio, up to the rounding of a pixel."""
    return abs(first[0] * second[1] - first[1] * second[0]) <= max(*first, *second)
