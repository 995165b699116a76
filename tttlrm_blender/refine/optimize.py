# SPDX-License-Identifier: GPL-3.0-or-later
"""Optimization of the splats of one scene against its photos (Kerbl et al. 2023)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ..gaussians.gaussians import Gaussians, merge
from ..geometry.cameras import Cameras
from ..kernels import torch_in_order
from ..photos.light import even_light, measured_light
from ..photos.load import PhotoSet
from ..poses.sparse_points import SparsePoints
from ..progress import Report
from ..protocol.settings import RefineSettings
from ..render.device import drawing_device
from ..stages import Stage
from .best import Best
from .budget import Budget
from .growth import Growth
from .parameters import Parameters
from .photo_gradients import PhotoGradients
from .relocation import Relocation
from .sky import sky_splats
from .start import finite, starting_splats, to_degree

SEED = 0
STRATEGIES = {"split": Growth, "mcmc": Relocation}
PIXELS_PER_SPLAT, SPLATS_PER_PIXEL = 80, 0.5  # of all photos and of one; more splats add no detail, or detail that is not there
CONTINUED = 0.6  # share of the schedules that is skipped for splats refined before
SECONDS_PER_PREVIEW = 3.0


@torch_in_order()
def refine(
    gaussians: Gaussians[np.ndarray],
    photos: PhotoSet,
    settings: RefineSettings,
    report: Report,
    points: SparsePoints | None = None,
    refined: bool = False,
) -> Gaussians[np.ndarray]:
    """Optimize splats (numpy, in the world of the photos' cameras) against the photos within a budget of steps or seconds.

    A step draws one photo. Optimization starts from `gaussians` and `points` (see `settings.start`) and a sky, grows to at
    most `settings.max_splats`, and returns splats of `settings.sh_degree`. The result is never worse than `gaussians`: a few
    photos are set aside as judges until a quarter of the budget is used, and learned from only if the splats got better.
    If `refined`, the splats were refined before, and "auto" continues from them at the low rates of a run's end.
    Does not change `gaussians`. Raises `Cancelled` when the report does, and `TttlrmError` ("no_splats") if there are neither
    splats nor points, or ("bad_settings").
    """
    goes_on = refined and settings.start == "auto"
    settings = replace(settings, start="decoded") if goes_on else settings
    budget = Budget(settings, len(photos))

    def listen() -> None:
        report(Stage.REFINE, budget.used)

    gaussians = gaussians[finite(gaussians)]
    surface = gaussians.means if points is None else points.means
    light = measured_light(photos, surface, listen) if settings.exposure else even_light(len(photos))
    best = Best(to_degree(gaussians, settings.sh_degree), photos, light.differs, refined, listen)
    learned = np.setdiff1d(np.arange(len(photos)), best.apart)
    splats = starting_splats(gaussians, photos[learned], points, settings.max_splats, settings.start, budget.passes, listen)
    if settings.sky and not goes_on:
        splats = merge([splats, sky_splats(splats, photos[learned], listen)])
    parameters = Parameters(to_degree(splats, settings.sh_degree), _extent(photos.cameras), drawing_device())
    growth = STRATEGIES[settings.densify](parameters, min(settings.max_splats, _goal(photos)))
    gradients, previews = PhotoGradients(parameters, photos, settings, light), _Previews(report)
    random = np.random.default_rng(SEED)
    views = _shuffled(learned, random)
    used = budget.used
    while used < 1:
        pace = CONTINUED + (1 - CONTINUED) * used if goes_on else used
        drawn = gradients.backward(next(views), pace, random.random(3), growth.penalty())
        parameters.step(pace, budget.expected)
        gradients.step(used)
        growth.follow(drawn, used)
        budget.steps += 1
        used = budget.used
        report(Stage.REFINE, used)
        if best.follow(parameters, budget):
            views = _shuffled(np.arange(len(photos)), random)
        previews.follow(parameters)
    best.offer(parameters.to_numpy())
    return best.splats


class _Previews:
    """Offers the splats as previews every few seconds."""

    def __init__(self, report: Report) -> None:
        self.report, self.offered = report, time.perf_counter()

    def follow(self, parameters: Parameters) -> None:
        """Offer the current splats if a preview is due."""
        if time.perf_counter() - self.offered > SECONDS_PER_PREVIEW:
            self.report.preview(parameters.to_numpy)
            self.offered = time.perf_counter()


def _shuffled(views: np.ndarray, random: np.random.Generator) -> Iterator[int]:
    """Yield the views in random order, reshuffled after each pass, without end."""
    while True:
        yield from random.permutation(views).tolist()


def _goal(photos: PhotoSet) -> int:
    """Number of splats that the photos have detail for: one per 80 pixels of all photos, at most one per 2 pixels of one."""
    views, height, width, _ = photos.images.shape
    return int(height * width * min(SPLATS_PER_PIXEL, views / PIXELS_PER_SPLAT))


def _extent(cameras: Cameras) -> float:
    """The size of a scene in world units, estimated from the distances of its cameras from their mean."""
    centers = cameras.c2w[:, :3, 3]
    return 1.1 * float(np.linalg.norm(centers - centers.mean(0), axis=1).max())
