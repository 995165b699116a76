# SPDX-License-Identifier: GPL-3.0-or-later
"""About how long a reconstruction takes, before it begins."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from ..protocol.settings import MeshSettings, RefineSettings
from ..stages import Step
from .journey import CAUTION
from .limits import MOST_SIDE, limits_of

# Seconds on `USUAL_CORES`, measured with phone photos; `paces` corrects them for the machine.
USUAL_CORES = 2
START = 3.0  # seconds of any step
READ = 0.06  # per photo and megapixel of the file
FEATURES, PAIR, PLACE = 0.45, 0.04, 0.25  # per photo, per pair of photos that are matched, per photo that is placed
LEARN = 0.6  # per photo that the network reads
LOOKED = 4.0  # per photo and megapixel in use, of dense depth
STEP, STEP_PER_PIXEL = 0.02, 0.4e-6  # per step of refinement, and per pixel of a photo in use
SURFACE, PAINT = 15.0, 0.3  # of a mesh, and per photo and megapixel of the file
GPU = 0.03  # share of these times that a GPU takes for depth, splats and network
ALL_PAIRS, NEIGHBORS, MOST_READ = 25, 26, 64  # photos matched all with all, or else with how many; photos that the network reads


@dataclass(frozen=True)
class Machine:
    """What a worker computes with."""

    cores: int
    gpu: bool = False

    @property
    def device(self) -> str:
        """The kind of device that draws splats."""
        return "cuda" if self.gpu else "cpu"


def this_machine(gpu: bool = False) -> Machine:
    """This machine, whose GPU only those know who have torch."""
    return Machine(os.cpu_count() or USUAL_CORES, gpu)


@dataclass(frozen=True)
class Photos:
    """How many photos there are, and their pixels."""

    count: int
    width: int  # of the files
    height: int
    posed: bool  # whether a file says where they were taken

    @property
    def megapixels(self) -> float:
        """Of the file of one photo."""
        return self.width * self.height / 1e6

    def pixels(self, machine: Machine, side: int = 0) -> int:
        """Of one photo as it is used, with a longest side that is given or automatic."""
        shrink = min(1.0, (side or MOST_SIDE[machine.device]) / max(self.width, self.height, 1))
        return max(1, round(self.width * shrink) * round(self.height * shrink))


def expected_seconds(
    photos: Photos,
    refine: RefineSettings,
    mesh: MeshSettings | None,
    machine: Machine,
    paces: Mapping[Step, float] | None = None,
    side: int = 0,  # pixels of the longest side in use; 0 for automatic
) -> dict[Step, float]:
    """The steps of a reconstruction in order, with about how many seconds each takes, given how machines differ (see `paces`)."""
    shared, drawn = USUAL_CORES / machine.cores, GPU if machine.gpu else USUAL_CORES / machine.cores
    count, used = photos.count, photos.pixels(machine, side)
    seconds = {Step.PHOTOS: START + READ * count * photos.megapixels * shared}
    if not photos.posed:
        pairs = count * (count - 1) / 2 if count <= ALL_PAIRS else NEIGHBORS * count
        seconds[Step.CAMERAS] = START + ((FEATURES + PLACE) * count + PAIR * pairs) * shared
    seconds[Step.DRAFT] = START + LEARN * min(count, MOST_READ) * drawn
    if refine.wanted:
        seconds[Step.DEPTH] = START + LOOKED * count * min(used / 1e6, 0.25) * drawn
        seconds[Step.REFINE] = START + (STEP + STEP_PER_PIXEL * used) * _steps(refine, count, used, machine) * drawn
    if mesh:
        seconds[Step.MESH] = SURFACE + PAINT * count * photos.megapixels * shared
    corrected = {step: (paces or {}).get(step, 1.0) * value for step, value in seconds.items()}
    return corrected | {step: value for step, value in _bounds(refine, count, used, machine) if corrected.get(step, 0) > value}


def _steps(refine: RefineSettings, count: int, used: int, machine: Machine) -> float:
    limits = limits_of(refine, count, used, machine.device)
    return limits.steps or limits.seconds * limits.pace


def _bounds(refine: RefineSettings, count: int, used: int, machine: Machine) -> list[tuple[Step, float]]:
    """The most seconds that steps may take."""
    seconds = limits_of(refine, count, used, machine.device).seconds
    return [(Step.REFINE, seconds)] if seconds else []


def total(seconds: Mapping[Step, float]) -> float:
    """What is told of expected seconds in all: a little more, as for jobs that run."""
    return CAUTION * sum(seconds.values())
