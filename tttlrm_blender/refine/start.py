# SPDX-License-Identifier: GPL-3.0-or-later
"""The splats that refinement starts from: those of the sparse points, and decoded ones where they help."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree

from ..errors import TttlrmError
from ..gaussians.gaussians import SH_DC, Gaussians, merge, prune
from ..photos.load import PhotoSet
from ..photos.points import SparsePoints
from ..render.metrics import evaluate_views

POINT_OPACITY = 0.3  # faint enough to be moved and outgrown
NEIGHBOURS = 3  # whose mean distance is the size of a point's splat
LEAST_SPACING = 0.01  # of the mean; points may coincide
JUDGING_VIEWS = 8  # photos that decoded splats are compared with
GOOD_PSNR = 18.0  # dB of the decoded splats' pictures, below which they do points more harm than good
ENOUGH_POINTS = 50  # to do without decoded splats


def starting_splats(
    gaussians: Gaussians, photos: PhotoSet, points: SparsePoints | None, most: int, start: str = "auto"
) -> Gaussians:
    """At most `most` decoded splats (numpy), and one splat per point, as `RefineSettings.start` wants them.

    Points stand where photos agree, whereas a network may be wrong, and its mistakes stay in the way: beside points,
    "auto" lets decoded splats have a part only if their pictures resemble the photos. Raises `TttlrmError`
    ("no_splats") where there is neither.
    """
    decoded = prune(gaussians[finite(gaussians)], max_splats=most)
    if start == "decoded" or points is None or len(points) <= NEIGHBOURS:
        if not len(decoded):
            raise TttlrmError("There are neither splats nor points to refine.", "Reconstruct the scene first.", "no_splats")
        return decoded
    sparse = splats_from_points(points)
    enough = len(sparse) >= ENOUGH_POINTS
    if start == "points" or not len(decoded) or (start == "auto" and enough and not _resembles(decoded, photos)):
        return sparse
    return merge([sparse, decoded])


def splats_from_points(points: SparsePoints) -> Gaussians:
    """One round, faint splat per point, as large as the mean distance to its 3 nearest neighbours (Kerbl et al. 2023, §5)."""
    count = len(points)
    spacing = cKDTree(points.means).query(points.means, NEIGHBOURS + 1)[0][:, 1:].mean(1)
    sizes = spacing.clip(LEAST_SPACING * spacing.mean())
    return Gaussians(
        means=points.means.astype(np.float32),
        quats=np.tile(np.array([1, 0, 0, 0], np.float32), (count, 1)),
        scales=np.repeat(sizes[:, None], 3, 1).astype(np.float32),
        opacities=np.full(count, POINT_OPACITY, np.float32),
        sh=((points.colors - 0.5) / SH_DC).astype(np.float32)[:, None],
    )


def to_degree(gaussians: Gaussians, degree: int) -> Gaussians:
    """Numpy splats with spherical harmonics of a degree: terms are left out, or added as zeros."""
    terms = (degree + 1) ** 2
    sh = np.pad(gaussians.sh, ((0, 0), (0, max(0, terms - gaussians.sh.shape[1])), (0, 0)))[:, :terms]
    return replace(gaussians, sh=sh)


def finite(gaussians: Gaussians) -> np.ndarray:
    """Which numpy splats have no NaN and no infinity: [N] bool."""
    rows = (np.isfinite(array).all(axis=tuple(range(1, array.ndim))) for array in gaussians.arrays().values())
    return np.logical_and.reduce(list(rows))


def _resembles(gaussians: Gaussians, photos: PhotoSet) -> bool:
    """Whether pictures of the splats (numpy) come near some of the photos."""
    views = np.unique(np.linspace(0, len(photos) - 1, JUDGING_VIEWS).astype(int))
    return evaluate_views(gaussians, photos[views])["psnr"] >= GOOD_PSNR
