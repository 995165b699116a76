# SPDX-License-Identifier: GPL-3.0-or-later
"""Optimises the splats of one scene until they draw its photos (Kerbl et al. 2023)."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import torch

from ..gaussians.gaussians import Gaussians
from ..photos.cameras import Cameras
from ..photos.load import PhotoSet
from ..photos.points import SparsePoints
from ..progress import Report
from ..protocol.settings import RefineSettings
from ..render.device import best_device
from ..render.rasterize import Rendering, rasterize
from .best import JUDGED, Best, judging_views
from .budget import Budget
from .exposure import Exposure
from .growth import Growth
from .loss import photo_loss
from .parameters import Parameters
from .start import finite, starting_splats, to_degree

SEED = 0
DEGREE_EVERY = 0.2  # share of the budget after which the degree of the spherical harmonics grows by one
PIXELS_PER_SPLAT, SPLATS_PER_PIXEL = 80, 0.5  # more splats than these allow show nothing new, or what is not there
SECONDS_PER_PREVIEW = 3.0


def refine(
    gaussians: Gaussians,
    photos: PhotoSet,
    settings: RefineSettings,
    report: Report,
    points: SparsePoints | None = None,
) -> Gaussians:
    """Splats (numpy, in the world of the photos' cameras) optimised against the photos within a budget of steps or seconds.

    A step draws one photo. The splats start from `gaussians` and `points` (`settings.start`), may grow to
    `settings.max_splats`, and come back with `settings.sh_degree`. What comes back is never worse than `gaussians`: a few
    photos are set aside to judge by until a quarter of the budget is used, and learned from only if the splats are better then.
    Raises `Cancelled` when the report does, and `TttlrmError` ("no_splats") without any splats and points. The splats given
    are not changed.
    """
    budget = Budget(settings, len(photos))
    report("refine", 0.0)
    everything, apart = np.arange(len(photos)), judging_views(len(photos))
    best = Best(photos[apart if len(apart) else everything], settings.exposure)
    best.offer(to_degree(gaussians[finite(gaussians)], settings.sh_degree))
    splats = to_degree(starting_splats(gaussians, photos, points, settings.max_splats, settings.start), settings.sh_degree)
    parameters = Parameters(splats, _extent(photos.cameras), best_device())
    growth = Growth(parameters, min(settings.max_splats, _goal(photos)))
    exposure = Exposure(len(photos), parameters.device) if settings.exposure else None
    random, shown, judged = np.random.default_rng(SEED), time.perf_counter(), False
    views = _shuffled(np.setdiff1d(everything, apart), random)
    while (used := budget.used) < 1:
        drawn = _backward(parameters, exposure, photos, next(views), int(used / DEGREE_EVERY), random.random(3))
        parameters.step(used, budget.expected)
        if exposure:
            exposure.step(used)
        growth.follow(drawn, used)
        budget.steps += 1
        report("refine", budget.used)
        if len(apart) and not judged and budget.used >= JUDGED:
            judged = True
            views = _shuffled(everything, random) if best.offer(parameters.to_numpy()) else views
        if time.perf_counter() - shown > SECONDS_PER_PREVIEW:
            report.preview(parameters.to_numpy())
            shown = time.perf_counter()
    best.offer(parameters.to_numpy())
    assert best.splats is not None, "something was offered"
    return best.splats


def _backward(
    parameters: Parameters, exposure: Exposure | None, photos: PhotoSet, view: int, degree: int, background: np.ndarray
) -> Rendering:
    """Draw one photo, and find the gradients of its loss. Over a random background, splats learn to leave no holes."""
    photo = torch.as_tensor(photos.images[view : view + 1]).to(parameters.device)
    weights = None if photos.weights is None else torch.as_tensor(photos.weights[view : view + 1]).to(parameters.device)
    size = (photo.shape[2], photo.shape[1])
    drawn = rasterize(parameters.gaussians(), photos.cameras[[view]], size, background.tolist(), degree)
    drawn.means2d.retain_grad()
    photo_loss(exposure.apply(view, drawn.rgb) if exposure else drawn.rgb, photo, weights).backward()
    return drawn


def _shuffled(views: np.ndarray, random: np.random.Generator) -> Iterator[int]:
    """All of some views in random order, again and again."""
    while True:
        yield from random.permutation(views).tolist()


def _goal(photos: PhotoSet) -> int:
    """How many splats the photos have detail for: one for 80 pixels of all photos, half the pixels of one photo at most."""
    views, height, width, _ = photos.images.shape
    return int(height * width * min(SPLATS_PER_PIXEL, views / PIXELS_PER_SPLAT))


def _extent(cameras: Cameras) -> float:
    """The size of a scene in world units, judged by how far its cameras are from their middle."""
    centers = cameras.c2w[:, :3, 3]
    return 1.1 * float(np.linalg.norm(centers - centers.mean(0), axis=1).max())
