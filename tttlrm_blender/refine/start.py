# SPDX-License-Identifier: GPL-3.0-or-later
"""The splats that refinement starts from: those of the sparse points, and decoded ones where they help."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch
from scipy.spatial import cKDTree

from ..errors import Code, TttlrmError
from ..gaussians.activations import to_base_sh
from ..gaussians.gaussians import Gaussians, merge, prune
from ..photos.load import PhotoSet
from ..poses.sparse_points import SparsePoints
from ..progress import Listen, unheard
from ..render.device import to_tensors
from ..render.rasterize import Rendering, rasterize
from .downscale import centers_inside, small, small_size

POINT_OPACITY = 0.3  # faint enough to be moved and outgrown
NEIGHBOURS = 3  # whose mean distance is the size of a point's splat
LEAST_SPACING = 0.01  # of the mean; points may coincide
ENOUGH_POINTS = 50  # to do without decoded splats
JUDGING_VIEWS, JUDGING_SIDE = 8, 160  # photos that decoded splats are compared with, and their longest side in pixels
REGION = 9  # pixels along the side of what is a region of such a picture
# Below so many dB in a region, decoded splats do points more harm than good: about what points alone become in one pass over
# the photos, and by how much more in twice the passes. Beyond the last, decoded splats are as good as any.
GOOD_PSNR, PER_DOUBLING, BEST_PSNR = 20.0, 4.0, 24.0


def starting_splats(
    gaussians: Gaussians[np.ndarray],
    photos: PhotoSet,
    points: SparsePoints | None,
    most: int,
    start: str = "auto",
    passes: float = math.inf,
    listen: Listen = unheard,
) -> Gaussians[np.ndarray]:
    """At most `most` decoded splats (numpy), and one splat per point, as `RefineSettings.start` wants them.

    Points stand where photos agree, whereas a network may be wrong, and its mistakes stay in the way: beside points,
    "auto" takes the decoded splats that `explaining` finds, fewer of them the more passes over the photos will follow. What is
    missing is replaced by the other. Raises `TttlrmError` ("no_splats") where there is neither.
    """
    decoded = prune(gaussians[finite(gaussians)], max_splats=most)
    if start == "decoded" or points is None or len(points) <= NEIGHBOURS:
        if not len(decoded):
            raise TttlrmError(
                "There are neither splats nor points to refine.", hint="Reconstruct the scene first.", code=Code.NO_SPLATS
            )
        return decoded
    sparse = splats_from_points(points)
    if start == "points" or not len(decoded):
        return sparse
    if start == "auto" and len(sparse) >= ENOUGH_POINTS:
        decoded = decoded[explaining(decoded, sparse, photos, good_psnr(passes), listen)]
    return merge([sparse, decoded])


def good_psnr(passes: float) -> float:
    """How good decoded splats must be in a region, in dB, to start beside points for so many passes over the photos."""
    return min(GOOD_PSNR + PER_DOUBLING * math.log2(max(passes, 1e-3)), BEST_PSNR)


@torch.no_grad()
def explaining(
    decoded: Gaussians[np.ndarray], sparse: Gaussians[np.ndarray], photos: PhotoSet, good: float, listen: Listen = unheard
) -> np.ndarray:
    """Which of N decoded splats (numpy) explain their regions of the photos better than `good` dB and than points: [N] bool.

    Both are drawn alone as a few photos see them. A decoded splat is judged by the mean squared error around its centre.
    """
    views = np.unique(np.linspace(0, len(photos) - 1, JUDGING_VIEWS).astype(int))
    tensors = to_tensors(decoded), to_tensors(sparse)
    errors, seen = torch.zeros(2, len(decoded)), torch.zeros(len(decoded))
    for view in views.tolist():
        listen()
        (drawn, ours), (_, theirs) = (_errors(splats, photos, view) for splats in tensors)
        inside, rows, columns = centers_inside(drawn, ours.shape)
        errors[:, inside] += torch.stack([ours, theirs]).cpu()[:, rows, columns]
        seen[inside] += 1
    ours, theirs = errors / seen.clamp(min=1)
    return ((seen > 0) & (ours < theirs) & (ours < 10 ** (-good / 10))).numpy()


def _errors(splats: Gaussians[torch.Tensor], photos: PhotoSet, view: int) -> tuple[Rendering, torch.Tensor]:
    """The small picture that a photo's camera sees of splats (tensors), and its mean squared error by region: [h, w]."""
    size = small_size(photos, JUDGING_SIDE)
    drawn = rasterize(splats, photos.cameras[[view]], size, photos.background)
    photo = small(torch.as_tensor(photos.images[view]), size).to(drawn.rgb)
    error = (drawn.rgb[0] - photo).square().mean(-1)
    if photos.weights is not None:
        error = error * small(torch.as_tensor(photos.weights[view])[..., None], size)[..., 0].to(error)
    return drawn, torch.nn.functional.avg_pool2d(error[None], REGION, 1, REGION // 2, count_include_pad=False)[0]


def splats_from_points(points: SparsePoints) -> Gaussians[np.ndarray]:
    """One round, faint splat per point, as large as the mean distance to its 3 nearest neighbours (Kerbl et al. 2023, §5)."""
    count = len(points)
    spacing = cKDTree(points.means).query(points.means, NEIGHBOURS + 1)[0][:, 1:].mean(1)
    sizes = spacing.clip(LEAST_SPACING * spacing.mean())
    return Gaussians(
        means=points.means.astype(np.float32),
        quats=np.tile(np.array([1, 0, 0, 0], np.float32), (count, 1)),
        scales=np.repeat(sizes[:, None], 3, 1).astype(np.float32),
        opacities=np.full(count, POINT_OPACITY, np.float32),
        sh=to_base_sh(points.colors)[:, None],
    )


def to_degree(gaussians: Gaussians[np.ndarray], degree: int) -> Gaussians[np.ndarray]:
    """Numpy splats with spherical harmonics of a degree: terms are left out, or added as zeros."""
    terms = (degree + 1) ** 2
    sh = np.pad(gaussians.sh, ((0, 0), (0, max(0, terms - gaussians.sh.shape[1])), (0, 0)))[:, :terms]
    return replace(gaussians, sh=sh)


def finite(gaussians: Gaussians[np.ndarray]) -> np.ndarray:
    """Which numpy splats have no NaN and no infinity: [N] bool."""
    rows = (np.isfinite(array).all(axis=tuple(range(1, array.ndim))) for array in gaussians.arrays().values())
    return np.logical_and.reduce(list(rows))
