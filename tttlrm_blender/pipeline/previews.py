# SPDX-License-Identifier: GPL-3.0-or-later
"""Previews of splats while the network reads photos, without effect on the result."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..gaussians.gaussians import thinned
from ..geometry.cameras import Cameras
from ..geometry.similarity import Similarity
from ..model.memory import VIEWS_PER_UPDATE
from ..model.network import TttLRM
from ..model.stream import Look, glance
from ..progress import Report
from ..protocol.settings import DecodeSettings, ReconstructSettings
from ..stages import Stage
from .scene import in_world

LOOK_SPLATS = 50_000  # splats in such a preview


def look_ahead(
    model: TttLRM,
    images: np.ndarray,  # [V, H, W, 3] float32
    cameras: Cameras,  # in the network's world
    similarity: Similarity,  # from the world of the cameras to the network's
    settings: ReconstructSettings,
    report: Report,
) -> None:
    """Preview a quick look at the photos: at all of them before an autoregressive scan, else at the first few."""
    early = None if settings.scan == "ar" else VIEWS_PER_UPDATE
    glance(
        model,
        images[:early],
        cameras.c2w[:early],
        cameras.intrinsics[:early],
        settings.elastic,
        lambda share: report(Stage.PREVIEW, share),
        offering(model, similarity, settings.decode, report),
    )


def offering(model: TttLRM, similarity: Similarity, settings: DecodeSettings, report: Report) -> Callable[[Look], None]:
    """A callback that offers the splats of a look as a preview, thinned, as these are frequent and coarse anyway."""
    return lambda look: report.preview(lambda: thinned(in_world(model, look(), similarity, settings), LOOK_SPLATS))
