# SPDX-License-Identifier: GPL-3.0-or-later
"""Culling of photos that would do more harm than good: unreadable, near-duplicate and blurred ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ..errors import Code, TttlrmError, text
from ..photo_files import names_of
from ..progress import Report
from ..sharpness import SIDE, softness, too_soft
from ..stages import Stage
from .images import read_reduced, shrunk
from .photo import leave_out
from .threads import for_each

TINY = 64  # pixels of both sides at which photos are compared
SAME = 0.9995  # correlation; copies of another size and quality stay above 0.9997, neighbors in a dense set below 0.98


@dataclass(frozen=True, eq=False)
class Look:
    """Measurements of a small copy of a photo."""

    softness: float  # see `softness`
    tiny: np.ndarray  # [TINY * TINY] float32, brightness without its mean, of length 1 (or 0)


Looks = dict[Path, Look]


def cull_photos(paths: list[Path], report: Report, known: Looks | None = None, duplicates: bool = True) -> list[Path]:
    """The photos that can be read and are not blurred nor, with `duplicates`, near-duplicates of others, in their order.

    Notes name the photos that are left out. Measurements are added to those that are `known` already. At least two
    photos are left. Raises `TttlrmError` where more than half of the photos cannot be read or need a package that is not
    installed, and ("no_photos") where all are copies of one.
    """
    looks = {} if known is None else known
    _look_at(paths, looks, report)
    kept = [path for path in paths if path in looks]
    for judge in (_tell_same, _tell_blurred) if duplicates else (_tell_blurred,):
        kept = judge(kept, looks, report)
    return kept


def _look_at(paths: list[Path], looks: Looks, report: Report) -> None:
    """Measure each photo that can be read; note the others."""
    faults: dict[Path, TttlrmError] = {}

    def look(path: Path) -> None:
        try:
            looks[path] = _look(path)
        except TttlrmError as error:
            faults[path] = error

    for_each(look, [path for path in paths if path not in looks], report, Stage.LOOK)
    readable = sum(path in looks for path in paths)
    leave_out([faults[path] for path in paths if path in faults], readable, report)


def _look(path: Path) -> Look:
    gray = _small(path)
    tiny = np.asarray(Image.fromarray(gray).resize((TINY, TINY), Image.Resampling.BOX)).reshape(-1)
    tiny = tiny - tiny.mean()
    return Look(softness(gray), tiny / max(float(np.linalg.norm(tiny)), 1e-6))


def _small(path: Path) -> np.ndarray:
    """The brightness of a photo whose longest side is SIDE or less, [H, W] float32, 0 to 1."""
    gray = Image.fromarray(read_reduced(path, SIDE).mean(2))
    width, height = shrunk(*gray.size, SIDE)
    return np.asarray(gray.resize((max(2, width), max(2, height)), Image.Resampling.LANCZOS))


def _tell_same(paths: list[Path], looks: Looks, report: Report) -> list[Path]:
    """The photos without near-duplicates, of which the sharpest is kept."""
    tiny = np.stack([looks[path].tiny for path in paths])
    likeness = tiny @ tiny.T
    kept: list[int] = []
    same: dict[int, int] = {}
    for index in sorted(range(len(paths)), key=lambda index: looks[paths[index]].softness):
        alike = next((other for other in kept if likeness[index, other] > SAME), None)
        if alike is None:
            kept.append(index)
        else:
            same[index] = alike
    if not same:
        return paths
    if len(kept) == 1:
        raise TttlrmError(
            "All {} photos in {} show the same view.",
            len(paths),
            paths[0].parent,
            hint="Add photos of the scene from at least one other place.",
            code=Code.NO_PHOTOS,
        )
    names = names_of(paths)
    pairs = [f"{names[index]} (as {names[alike]})" for index, alike in sorted(same.items())]
    report.note(text("{} of {} photos are near-duplicates and are left out: {}.", len(same), len(paths), ", ".join(pairs)))
    return [paths[index] for index in sorted(kept)]


def _tell_blurred(paths: list[Path], looks: Looks, report: Report) -> list[Path]:
    """The photos without those that are far softer than the median, which are never more than half of them."""
    soft = too_soft([looks[path].softness for path in paths])
    if not any(soft):
        return paths
    kept = [path for path, is_soft in zip(paths, soft, strict=True) if not is_soft]
    blurred = [name for name, is_soft in zip(names_of(paths), soft, strict=True) if is_soft]
    report.note(text("{} of {} photos are blurred and left out: {}.", len(blurred), len(paths), ", ".join(blurred)))
    return kept
