# SPDX-License-Identifier: GPL-3.0-or-later
"""Dense depth of a scene's photos, for the steps that can use it, at a size that their work is worth."""

from __future__ import annotations

from functools import partial

from ..outlook.limits import limits_of
from ..photos.load import PhotoSet
from ..poses.sparse_points import SparsePoints
from ..progress import Report
from ..protocol.settings import RefineSettings
from ..refine.known_depth import KnownDepth
from ..render.device import best_device, drawing_device
from ..stereo.dense import SIDE, DenseDepth, Work, whole
from ..stereo.kept_depth import kept_depth_by_photo

# Pixels of the longest side, for the start of a refinement and for the rest of a long one; more adds nothing there.
SIDES = (SIDE // 4, SIDE // 2)
LONG, LONGER = 3.0, 20.0  # passes over the photos: long refinements have finer depth; longer ones need it only later
FEWEST_PHOTOS = 3  # as two others must confirm each depth


def depth_of(photos: PhotoSet, points: SparsePoints | None, report: Report, side: int = SIDE) -> DenseDepth:
    """Dense depth of a scene's photos, kept for the next time."""
    return whole(_by_photo(photos, points, report, side))


def _by_photo(photos: PhotoSet, points: SparsePoints | None, report: Report, side: int) -> Work[DenseDepth]:
    return kept_depth_by_photo(photos, points.means if points else None, report, side, best_device())


def depth_for(photos: PhotoSet, points: SparsePoints | None, settings: RefineSettings, report: Report) -> KnownDepth | None:
    """Dense depth for a refinement: at a coarse scale for a short one and for the start of one that is `LONGER`.

    None if there are too few photos.
    """
    if len(photos) < FEWEST_PHOTOS:
        return None
    (coarse, fine), passes = SIDES, _passes(settings, photos)
    at_once = fine if LONG <= passes < LONGER else coarse
    finer = partial(_by_photo, photos, points, side=fine) if passes >= LONGER else None
    return KnownDepth(depth_of(photos, points, report, at_once), finer)


def depth_for_mesh(photos: PhotoSet, report: Report) -> DenseDepth | None:
    """Dense depth for a mesh; None if there are too few photos."""
    return depth_of(photos, None, report) if len(photos) >= FEWEST_PHOTOS else None


def _passes(settings: RefineSettings, photos: PhotoSet) -> float:
    """About how many passes over the photos a refinement makes."""
    return limits_of(settings, len(photos), photos.images[0, ..., 0].size, drawing_device().type).passes(len(photos))
