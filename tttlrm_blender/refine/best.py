# SPDX-License-Identifier: GPL-3.0-or-later
"""The best of the states that splats go through, judged by photos that they did not learn from before they were judged."""

from __future__ import annotations

import math

import numpy as np

from ..gaussians.gaussians import Gaussians
from ..photos.load import PhotoSet
from ..render.metrics import evaluate_views

ENOUGH = 12  # photos, of which one can be spared
SPARED = 24  # one photo of so many is set aside
JUDGED = 0.25  # share of the budget after which splats are judged, and photos set aside are learned from too


class Best:
    """Keeps the splats (numpy) whose pictures are nearest to some photos."""

    def __init__(self, judges: PhotoSet, exposure: bool) -> None:
        """`exposure` lets colours differ from those of the photos by an affine map."""
        self.judges, self.exposure = judges, exposure
        self.splats: Gaussians | None = None
        self.psnr = -math.inf

    def offer(self, splats: Gaussians) -> bool:
        """Keep the splats if they are better than those kept; whether they are."""
        psnr = evaluate_views(splats, self.judges, self.exposure)["psnr"] if len(splats) else -math.inf
        better = self.splats is None or psnr > self.psnr
        if better:
            self.splats, self.psnr = splats, psnr
        return better


def judging_views(count: int) -> np.ndarray:
    """Which of so many photos are set aside to judge by, spread over the set; none where there are few."""
    if count < ENOUGH:
        return np.zeros(0, int)
    return np.linspace(0, count - 1, math.ceil(count / SPARED) + 2).round().astype(int)[1:-1]
