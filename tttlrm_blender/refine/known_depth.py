# SPDX-License-Identifier: GPL-3.0-or-later
"""Dense depth of the photos that splats learn from: coarse at first, as the first steps are waited for, and finer later.

Measuring depth takes as long as a hundred steps. A coarse start gets as far in these, and finer depth in time keeps the splats
where they belong all the same. It is measured photo by photo between steps, so that whoever watches sees the splats go on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import torch

from ..errors import Cancelled, text
from ..gaussians.gaussians import Gaussians
from ..progress import Report, Unseen
from ..render.device import to_tensors
from ..render.rasterize import rasterize
from ..stereo.dense import DenseDepth, Work
from .budget import Budget

logger = logging.getLogger(__name__)

FINER = 0.25  # share of the budget after which measuring finer depth begins
OPAQUE = 0.5  # alpha from which a draft shows a depth


class KnownDepth:
    """Depth that becomes finer once, at a fixed share of a budget, so that equal budgets of steps give equal results."""

    def __init__(self, maps: DenseDepth, finer: Callable[[Report], Work[DenseDepth]] | None = None) -> None:
        """Confirmed depth, and what measures it in more detail."""
        self._finer = finer
        self._measuring: Work[DenseDepth] | None = None
        self._draft: Gaussians[np.ndarray] | None = None
        self._take(maps)

    def guess(self, draft: Gaussians[np.ndarray]) -> None:
        """Hold splats to the depth of a draft (numpy) where nothing is confirmed.

        A few photos confirm little of what they show, and splats that nothing holds there become fog before other views.
        """
        self._draft = draft
        self._take(self.maps)

    def follow(self, budget: Budget, report: Report) -> bool:
        """Called after every step: measure a photo's finer depth if it is time to, which the budget does not count.

        Returns whether measuring is over now. Its progress is not reported, but it hears when to stop. If it fails, the depth
        stays as it is, and a note says so. Raises `Cancelled` when the report does.
        """
        if self._finer and budget.used >= FINER:
            self._measuring, self._finer = self._finer(Unseen(report)), None
        if self._measuring is None:
            return False
        began = time.perf_counter()
        self._go_on(self._measuring, report)
        budget.started += time.perf_counter() - began
        return self._measuring is None

    def _go_on(self, measuring: Work[DenseDepth], report: Report) -> None:
        self._measuring = None
        with _optional(report):
            try:
                next(measuring)
                self._measuring = measuring
            except StopIteration as end:
                self._take(end.value)

    def _take(self, maps: DenseDepth) -> None:
        # `prior` is what splats are held to.
        self.prior = completed(maps, self._draft) if self._draft else maps
        self.maps = maps


@contextmanager
def _optional(report: Report) -> Iterator[None]:
    """A block that a refinement can do without, whatever goes wrong in it; the log has what is unexpected."""
    try:
        with report.noting(lambda error: text("Refining goes on with coarse depth: {}", error)):
            yield
    except Cancelled:
        raise
    except Exception as error:
        logger.exception("finer depth cannot be measured")
        report.note(text("Refining goes on with coarse depth, after an unexpected {}.", type(error).__name__))


@torch.no_grad()
def completed(maps: DenseDepth, splats: Gaussians[np.ndarray]) -> DenseDepth:
    """Depth maps with the depth of splats (numpy) where they have none and the splats are opaque."""
    depth, confidence = maps.depth.copy(), maps.confidence.copy()
    tensors, (height, width) = to_tensors(splats), depth.shape[1:]
    for view in range(len(maps)):
        drawn = rasterize(tensors, maps.cameras[[view]], (width, height))
        alpha, expected = drawn.alpha[0].cpu().numpy(), drawn.depth[0].cpu().numpy()
        unknown = (confidence[view] == 0) & (alpha > OPAQUE)
        depth[view][unknown], confidence[view][unknown] = expected[unknown], 1.0
    return replace(maps, depth=depth, confidence=confidence)
