# SPDX-License-Identifier: GPL-3.0-or-later
"""Estimation of the camera poses of photos that come without."""

from __future__ import annotations

import shutil
from contextlib import suppress
from itertools import combinations
from pathlib import Path

from ..cache import content_name, keep_copy, kept_folder
from ..errors import Code, Text, TttlrmError, text
from ..photo_files import named
from ..photos.exif import camera_name, focal_length
from ..photos.images import image_size, shrunk
from ..photos.photo import masks_of
from ..progress import Report
from ..scratch import Scratch
from .sfm_process import EVIDENCE, Evidence, SfmJob, read_evidence, run_sfm, write_images
from .sighting import sight_of_model

SIDE, FEATURES = 1024, 4096  # pixels of the longest side, and features per image
FILM_WIDTH = 36.0  # mm, of the film that EXIF's 35 mm equivalent focal length refers to
EDITION = 4  # of cached models: those of other editions are estimated again
MOST_EXHAUSTIVE = 25  # photos; of more, not every pair is matched
FEW_DETAILS = 150  # features, in photos that are blurred, dark or blank


def estimate_poses(images: list[Path], folder: Path, report: Report) -> Path:
    """Estimate a COLMAP model of photos, named as paths below a folder; it is kept in the cache.

    Incremental mapping follows the matching of all pairs or, of many photos, of those close in order or appearance. Photos
    of one size, camera and focal length share their intrinsics. Raises `TttlrmError` ("no_poses"), whose hint says what to
    photograph differently, where fewer than two photos are placed, and ("cannot_write") where the cache cannot keep it.
    """
    kept = kept_folder("poses") / _name(images, folder)
    if not kept.is_dir():
        with Scratch() as work:
            keep_copy(_mapped(images, folder, work, report), kept)
    return kept


def _mapped(images: list[Path], folder: Path, work: Path, report: Report) -> Path:
    """Estimate the model of the photos, in a folder below `work`."""
    lenses = [(image_size(path), focal_length(path), camera_name(path)) for path in images]
    numbers = {lens: number for number, lens in enumerate(dict.fromkeys(lenses))}
    job = SfmJob(
        images=write_images(work, [(path, True) for path in images], [numbers[lens] for lens in lenses], SIDE, report),
        names=[named(path, folder) for path in images],
        pairs=list(combinations(range(len(images)), 2)) if len(images) <= MOST_EXHAUSTIVE else None,
        cameras={str(number): _simple_radial(*lens[:2]) for lens, number in numbers.items() if lens[1]},
        poses=[],
        features=FEATURES,
        fine=False,
        watched=report.watched,
    )

    def show(unfinished: Path) -> None:
        with suppress(TttlrmError):  # it is not whole yet
            sight = sight_of_model(unfinished)
            report.sight(lambda: sight)

    model = run_sfm(work, job, report, show)
    if model is None:
        hint = advice(read_evidence(work))
        raise TttlrmError("The camera poses of the photos in {} could not be found.", folder, hint=hint, code=Code.NO_POSES)
    shutil.copy(work / EVIDENCE, model)
    return model


def note_lost(images: list[Path], folder: Path, model: Path, report: Report) -> None:
    """Note which photos are missing from the model that `estimate_poses` made of them, and why."""
    evidence = read_evidence(model)
    largest, *others = evidence.models
    apart = {index for group in others for index in group} - set(largest)
    lost = set(range(len(images))) - set(largest)
    blank = {index for index in lost - apart if evidence.details[index] < FEW_DETAILS}
    weak = lost - apart - blank
    groups = [", ".join(named(images[index], folder) for index in sorted(indices)) for indices in (apart, blank, weak)]
    notes = (
        text(
            "These photos match each other but not the rest and are left out; they show something else, "
            "or a side that no other photo leads to: {}.",
            groups[0],
        ),
        text("These photos show hardly any detail and are left out: {}.", groups[1]),
        text("These photos have too little in common with others and are left out: {}.", groups[2]),
    )
    for names, note in zip(groups, notes, strict=True):
        if names:
            report.note(note)


def advice(evidence: Evidence) -> Text:
    """What to photograph differently, after an estimation that placed no two photos together."""
    blank = sum(count < FEW_DETAILS for count in evidence.details)
    if 2 * blank > len(evidence.details):
        return text(
            "{} of {} photos show hardly any detail: avoid blur, darkness, glass and blank surfaces.",
            blank,
            len(evidence.details),
        )
    if not evidence.pairs:
        return text(
            "No two photos show the same things: take small steps between photos, so that each overlaps much of the one before."
        )
    if 2 * evidence.turned > evidence.pairs:
        return text("The camera turned on the spot, or saw only a flat surface: walk around the scene, one step per photo.")
    return text("Take photos that overlap more, from more places, or add a transforms.json or a COLMAP model.")


def _simple_radial(size: tuple[int, int], focal: float) -> tuple[str, list[float]]:
    """COLMAP's camera model and its f, cx, cy, k, from a 35 mm equivalent focal length in mm."""
    width, height = shrunk(*size, SIDE)
    return "SIMPLE_RADIAL", [focal / FILM_WIDTH * max(width, height), width / 2, height / 2, 0.0]


def _name(images: list[Path], folder: Path) -> str:
    """A hash of the names and contents of the photos and their masks, and of the edition."""
    masks = masks_of(images)
    marked = [(named(path, folder), mask is not None) for path, mask in zip(images, masks, strict=True)]
    return content_name([*images, *filter(None, masks)], EDITION, marked)
