# SPDX-License-Identifier: GPL-3.0-or-later
"""Optimization of the splats of one scene against its photos (Kerbl et al. 2023)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from ..gaussians.gaussians import Gaussians, merge
from ..geometry.cameras import Cameras
from ..kernels import torch_in_order
from ..photos.light import even_light, measured_light
from ..photos.load import PhotoSet
from ..poses.sparse_points import SparsePoints
from ..progress import Report
from ..protocol.results import Refinement
from ..protocol.settings import RefineSettings
from ..render.device import drawing_device
from ..stages import Stage
from ..stereo.fusion import DensePoints
from .average import Average
from .best import Best
from .budget import Budget
from .contribution import needed
from .course import Course
from .depth_prior import KnownDepth
from .detail import most_splats, wanted_splats
from .growth import Growth
from .parameters import Parameters
from .photo_gradients import PhotoGradients
from .relocation import Relocation
from .resolution import Resolution
from .sky import sky_splats
from .start import finite, starting_splats, to_degree

SEED = 0
STRATEGIES = {"split": Growth, "mcmc": Relocation}
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
    dense: DensePoints | None = None,
    depth: KnownDepth | None = None,
    hear: Callable[[Refinement], None] = lambda refinement: None,
) -> Gaussians[np.ndarray]:
    """Optimize splats (numpy, in the world of the photos' cameras) against the photos within a budget of steps or seconds.

    A step draws one photo. Optimization starts from `gaussians`, `points` and `dense` ones (see `settings.start`) and a sky,
    grows as far as the photos have detail (see `detail`) and `settings.max_splats` allows, and returns splats of
    `settings.sh_degree`, `settings.antialiased` or not. The result is never worse than `gaussians`: a few photos are set aside
    as judges (see `best`), and learned from at the end, only if the splats got better. Splats are kept to the `depth` of photos
    where that is known, and those that no photo would miss are removed.
    If `refined`, the splats were refined before, and "auto" continues from them at the low rates of a run's end.
    Asked to finish, it returns the best splats so far; `hear` is told how it went. Does not change `gaussians`. Raises
    `Cancelled` when the report does, and `TttlrmError` ("no_splats") if there are neither splats nor points, or ("bad_settings").
    """
    goes_on = refined and settings.start == "auto"
    settings = replace(settings, start="decoded") if goes_on else settings
    budget = Budget(settings, len(photos), photos.images[0, ..., 0].size, drawing_device())
    course = Course(budget, report)

    def listen() -> None:
        report(Stage.REFINE, budget.used)

    gaussians = gaussians[finite(gaussians)]
    surface = gaussians.means if points is None else points.means
    light = measured_light(photos, surface, listen) if settings.exposure else even_light(len(photos))
    best = Best(to_degree(gaussians, settings.sh_degree), photos, light.differs, refined, listen)
    most = settings.max_splats or most_splats(photos, drawing_device())
    learned = np.setdiff1d(np.arange(len(photos)), best.apart)
    splats = starting_splats(gaussians, photos[learned], points, most, settings.start, budget.passes, listen, dense)
    if settings.sky and not goes_on:
        splats = merge([splats, sky_splats(splats, photos[learned], listen)])
    splats = replace(to_degree(splats, settings.sh_degree), antialiased=settings.antialiased)
    parameters = Parameters(splats, _extent(photos.cameras), drawing_device())
    resolution = Resolution(parameters, photos) if settings.antialiased else None
    growth = STRATEGIES[settings.densify](parameters, min(most, wanted_splats(photos, listen)))
    gradients = PhotoGradients(parameters, photos, settings, light, depth)
    average, previews = Average(parameters), _Previews(report)
    random = np.random.default_rng(SEED)
    views = _shuffled(learned, random)
    used = budget.used
    report.keeps = True
    while used < 1 and not report.finishing:
        pace = CONTINUED + (1 - CONTINUED) * used if goes_on else used
        drawn = gradients.backward(next(views), pace, random.random(3), growth.penalty())
        parameters.step(pace, budget.expected)
        gradients.step(used)
        growth.follow(drawn, used)
        if resolution:
            resolution.follow()
        average.follow(used)
        budget.steps += 1
        used = budget.used
        course.follow()
        report(Stage.REFINE, used)
        if best.follow(parameters, budget):
            views = _shuffled(np.arange(len(photos)), random)
        previews.follow(parameters)
    best.offer(average.to_numpy())
    hear(course.refinement(best))
    seen = best.splats[needed(best.splats, photos, listen)]
    return seen if len(seen) else best.splats  # photos of a few pixels, or masks that leave a few, miss none


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


def _extent(cameras: Cameras) -> float:
    """The size of a scene in world units, estimated from the distances of its cameras from their mean."""
    centers = cameras.c2w[:, :3, 3]
    return 1.1 * float(np.linalg.norm(centers - centers.mean(0), axis=1).max())
