# SPDX-License-Identifier: GPL-3.0-or-later
"""Optimization of the splats of one scene against its photos (Kerbl et al. 2023)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from ..errors import Text, text
from ..gaussians.gaussians import Gaussians, merge
from ..geometry.cameras import Cameras
from ..kernels import torch_in_order
from ..photos.light import even_light, measured_light
from ..photos.load import PhotoSet
from ..poses.sparse_points import SparsePoints
from ..progress import Listen, Report
from ..protocol.results import Refinement
from ..protocol.settings import RefineSettings
from ..render.choice import tell_failure
from ..render.device import drawing_device
from ..stages import Stage
from ..stereo.fusion import DensePoints
from .best import Best
from .budget import Budget
from .contribution import needed
from .course import Course
from .detail import most_splats, wanted_splats
from .known_depth import KnownDepth
from .parameters import Parameters
from .photo_gradients import PhotoGradients
from .sky import sky_splats
from .start import finite, starting_splats, surface_points, to_degree, with_draft
from .stepper import Moment, Stepper, TorchStepper
from .webgpu.stepper import fastest

SEED = 0
# Shares of the schedules that are skipped for splats refined before: most of them beside the same photos. New photos show what
# is still to be learned; all over again, a short run forgets more of the others than it learns.
CONTINUED, JOINED = 0.6, 0.3
# Steps over which rates rise from nothing where the same photos go on, and no splats are added. Adam knows nothing yet of the
# minimum that the splats lie in, and would leave it; a short run stays near it.
RISE = 200
SECONDS_PER_PREVIEW = 2.0
FEW = 8  # photos that confirm too little of what they show
MOST_LOST = 0.5  # dB that splats for a mesh may be worse than those at the start
# The same where photos were added: splats match fewer photos more closely than they match the scene, and lose that again.
FLATTERED = 1.5


@torch_in_order()
def refine(
    gaussians: Gaussians[np.ndarray],
    photos: PhotoSet,
    settings: RefineSettings,
    report: Report,
    points: SparsePoints | None = None,
    refined: bool = False,
    depth: KnownDepth | None = None,
    hear: Callable[[Refinement], None] = lambda refinement: None,
    rival: Gaussians[np.ndarray] | None = None,
    added: bool = False,
) -> Gaussians[np.ndarray]:
    """Optimize splats (numpy, in the world of the photos' cameras) against the photos within a budget of steps or seconds.

    A step draws one photo. Optimization starts from `gaussians`, `points` and points of the photos' `depth` (see
    `settings.start`) and a sky, grows as far as the photos have detail (see `detail`), and returns splats of
    `settings.sh_degree`, `settings.antialiased` or not, at most `settings.max_splats`. The result is never worse than
    `gaussians`, or the most important of these if there are too many: a few photos are set aside as judges (see `best`), and
    learned from at the end, only if the splats got better. Splats are kept to the `depth` of photos where that is known, and
    those that no photo would miss are removed, unless some are the draft's: these show what other views see. For a mesh
    (`settings.surface`), splats also become flat on surfaces (see `surface_loss`), and may be `MOST_LOST` worse.
    With a `rival`, splats that are there already, these are what the result is never worse than, and what `refined` is about.
    If `refined`, the splats were refined before: "auto" continues from them at the low rates of a run's end, and "both", beside
    points of photos that are new, at medium ones; if photos were `added`, the result may be `FLATTERED` worse over all of them.
    Asked to finish, it makes a few last steps and returns the best splats so far; `hear` is told how it went. Does not change
    `gaussians`. Raises `Cancelled` when the report does, and `TttlrmError` ("no_splats") if there are neither splats nor points,
    or ("bad_settings").
    """
    goes_on = refined and settings.start == "auto"
    skipped = CONTINUED if goes_on else JOINED if refined and rival is None and settings.start == "both" else 0.0
    settings = replace(settings, start="decoded", sky=False) if goes_on else settings
    budget = Budget(settings, len(photos), photos.images[0, ..., 0].size, drawing_device())
    course = Course(budget, report)

    def listen() -> None:
        report(Stage.REFINE, budget.used)

    gaussians = gaussians[finite(gaussians)]
    count, too_many = len(gaussians), 0 < settings.max_splats < len(gaussians)
    if too_many:
        gaussians = gaussians[needed(gaussians, photos, listen, settings.max_splats)]
    wanted = wanted_splats(photos, settings, drawing_device(), listen)
    dense = surface_points(depth.maps, photos, wanted, budget.passes) if depth and settings.start == "auto" else None
    surface = next(found.means for found in (points, dense, gaussians) if found is not None)
    light = measured_light(photos, surface, listen) if settings.exposure else even_light(len(photos))
    if depth and len(photos) < FEW and len(gaussians) and not refined:
        depth.guess(gaussians)
    given = gaussians if rival is None else rival[finite(rival)]
    allowance = (MOST_LOST if settings.surface else 0.0) + (FLATTERED if added else 0.0)
    best = Best(_as_asked(given, settings), photos, light.differs, refined, listen, allowance)
    learned = np.setdiff1d(np.arange(len(photos)), best.apart)
    start = _start(gaussians, points, dense, photos[learned], settings, budget, listen)
    parameters = Parameters(start, _extent(photos.cameras), drawing_device())
    gradients = PhotoGradients(parameters, photos, settings, light, depth)
    stepper = fastest(TorchStepper(parameters, gradients, settings, wanted), settings, report)
    steps = _Steps(stepper, gradients, learned, budget, skipped, RISE if goes_on else 0)
    steps.make_all(best, course, report, listen)
    tell_failure(report)
    hear(course.refinement(best))
    if best.psnr == best.first:
        report.note(_not_better(len(gaussians) if rival is None else count, count))
        return best.splats  # whole: the network also knows what photos do not show, and other views do
    if with_draft(settings.start, budget.passes, dense) and not 0 < settings.max_splats < len(best.splats):
        return best.splats
    seen = best.splats[needed(best.splats, photos, listen, settings.max_splats)]
    return seen if len(seen) else best.splats  # photos of a few pixels, or masks that leave a few, miss none


def _as_asked(splats: Gaussians[np.ndarray], settings: RefineSettings) -> Gaussians[np.ndarray]:
    """The splats as the settings ask for them."""
    return replace(to_degree(splats, settings.sh_degree), antialiased=splats.antialiased and settings.antialiased)


def _not_better(kept: int, given: int) -> Text:
    """What to tell where no step was worth keeping, or the result would look like a refinement that was never done."""
    if kept < given:
        return text("Refinement did not improve the splats: the {:,} most important of {:,} are kept.", kept, given)
    return text("Refinement did not improve the splats, which stay as they were. More steps or more time may do so.")


def _start(
    gaussians: Gaussians[np.ndarray],
    points: SparsePoints | None,
    dense: DensePoints | None,
    photos: PhotoSet,
    settings: RefineSettings,
    budget: Budget,
    listen: Listen,
) -> Gaussians[np.ndarray]:
    """Initial splats with a sky, of the kind that the settings ask for."""
    most = most_splats(photos, settings, drawing_device())
    splats = starting_splats(gaussians, photos, points, most, settings.start, budget.passes, listen, dense)
    if settings.sky:
        splats = merge([splats, sky_splats(splats, photos, listen)])
    return replace(to_degree(splats, settings.sh_degree), antialiased=settings.antialiased)


class _Steps:
    """Steps of optimization, one photo each: which photos, and what is done with the splats in between."""

    def __init__(
        self,
        stepper: Stepper,
        gradients: PhotoGradients,
        views: np.ndarray,  # photos to learn from at first
        budget: Budget,
        skipped: float,  # share of the schedules before the first step
        rise: int,  # steps over which the rates rise
    ) -> None:
        self.stepper, self.gradients, self.budget, self.skipped, self.rise = stepper, gradients, budget, skipped, rise
        self.random = np.random.default_rng(SEED)
        self.learn_from(views)

    def learn_from(self, views: np.ndarray) -> None:
        """Learn from these photos from now on."""
        self.views = _shuffled(views, self.random)

    def make_all(self, best: Best, course: Course, report: Report, listen: Listen) -> None:
        """Make steps until the budget is used or the report asks to finish, and offer their splats."""
        previews, depth, report.keeps = _Previews(report), self.gradients.depth, True
        while self.budget.used < 1:
            if report.finishing:
                self.budget.end()
            self.make_one()
            course.follow()
            if depth and not self.budget.ending and depth.follow(self.budget, report):
                course.resume()
            listen()
            if best.follow(self.stepper, self.budget):
                self.learn_from(np.arange(len(self.gradients.photos)))
            previews.follow(self.stepper)
        best.offer(self.stepper.mean())

    def make_one(self) -> None:
        """Make one step."""
        used = self.budget.used
        pace = self.skipped + (1 - self.skipped) * used
        rising = self.budget.steps < self.rise
        share = self.budget.steps / self.rise if rising else 1.0
        pause = self.budget.ending or rising  # new splats would not find their places in time
        view, background = next(self.views), self.random.random(3)
        self.stepper.step(Moment(view, background, used, pace, self.budget.expected, share, pause))
        self.budget.steps += 1


class _Previews:
    """Offers the splats as previews every few seconds."""

    def __init__(self, report: Report) -> None:
        self.report, self.offered = report, time.perf_counter()

    def follow(self, stepper: Stepper) -> None:
        """Offer the current splats if a preview is due."""
        if time.perf_counter() - self.offered > SECONDS_PER_PREVIEW:
            self.report.preview(stepper.to_numpy)
            self.offered = time.perf_counter()


def _shuffled(views: np.ndarray, random: np.random.Generator) -> Iterator[int]:
    """Yield the views in random order, reshuffled after each pass, without end."""
    while True:
        yield from random.permutation(views).tolist()


def _extent(cameras: Cameras) -> float:
    """The size of a scene in world units, estimated from the distances of its cameras from their mean."""
    centers = cameras.c2w[:, :3, 3]
    return 1.1 * float(np.linalg.norm(centers - centers.mean(0), axis=1).max())
