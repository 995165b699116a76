# SPDX-License-Identifier: GPL-3.0-or-later
"""The splats that refinement starts from: those of the sparse points, and decoded ones where they help."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from scipy.spatial import cKDTree

from ..errors import TttlrmError
from ..gaussians.gaussians import SH_DC, Gaussians, merge
from ..photos.load import PhotoSet
from ..photos.points import SparsePoints
from ..render.rasterize import rasterize

POINT_OPACITY = 0.1  # faint enough to be moved and outgrown
NEIGHBOURS = 3  # whose mean distance is the size of a point's splat
LEAST_SPACING = 0.01  # of the mean; points may coincide
JUDGING_VIEWS = 8  # photos that decoded splats are compared with
MOST_ERROR = 0.1  # mean difference from the photos, 0 to 1, above which a decoded splat does more harm than good


def starting_splats(gaussians: Gaussians, photos: PhotoSet, points: SparsePoints | None) -> Gaussians:
    """Decoded splats (numpy) and points as one set. Raises `TttlrmError` ("no_splats") where there is neither.

    Points stand where photos agree, whereas a network may be wrong: beside points, a decoded splat stays only where it
    takes part in a picture that resembles the photos and no point is near.
    """
    decoded = gaussians[finite(gaussians)]
    sparse = splats_from_points(points) if points is not None and len(points) > NEIGHBOURS else None
    if sparse is None and not len(decoded):
        raise TttlrmError("There are neither splats nor points to refine.", "Reconstruct the scene first.", "no_splats")
    if sparse is None or not len(decoded):
        return decoded if sparse is None else sparse
    helpful = (disagreement(decoded, photos) < MOST_ERROR) & ~_covered(decoded, sparse)
    return merge([sparse, decoded[helpful]])


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


def disagreement(gaussians: Gaussians, photos: PhotoSet) -> np.ndarray:
    """How far pictures of the splats (numpy) are from some photos where each splat shows: [N], infinite where none does.

    A splat's mean of the absolute differences, weighted by its share in each pixel. The gradient of a picture, with
    respect to the splats' colours, sums what they show: one backward pass gives all the weighted sums of a photo.
    """
    sums = torch.zeros(len(gaussians), 2)
    for view in np.unique(np.linspace(0, len(photos) - 1, JUDGING_VIEWS).astype(int)):
        sums += _shown_errors(gaussians.map(torch.as_tensor), photos[[view]])
    return (sums[:, 0] / sums[:, 1]).nan_to_num(torch.inf).numpy()


def _shown_errors(splats: Gaussians, photo: PhotoSet) -> torch.Tensor:
    """The sum of each splat's shares in the pixels of a photo, times the error there and alone: [N, 2]."""
    size = photo.images.shape[2], photo.images.shape[1]
    picture = rasterize(splats, photo.cameras, size).rgb
    errors = (picture - torch.as_tensor(photo.images)).abs().mean(-1)
    plain = torch.zeros(len(splats), 1, 3, requires_grad=True)
    drawn = rasterize(Gaussians(splats.means, splats.quats, splats.scales, splats.opacities, plain), photo.cameras, size)
    (sums,) = torch.autograd.grad((drawn.rgb[..., 0] * errors + drawn.rgb[..., 1]).sum(), plain)
    return sums[:, 0, :2]


def _covered(decoded: Gaussians, sparse: Gaussians) -> np.ndarray:
    """Which decoded splats a point's splat reaches: [N] bool."""
    distances, nearest = cKDTree(sparse.means).query(decoded.means)
    return distances < sparse.scales[nearest, 0]
