# SPDX-License-Identifier: GPL-3.0-or-later
"""Initial splats of a refinement: one per sparse and per dense point, and decoded ones where they help."""

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
from ..render.convention import MAX_DEGREE
from ..render.device import to_tensors
from ..render.rasterize import Rendering, rasterize
from ..stereo.dense import DenseDepth
from ..stereo.fusion import DensePoints, dense_points
from .downscale import centers_inside, downscaled, downscaled_size

POINT_OPACITY = 0.3  # faint enough to be moved and replaced easily
NEIGHBORS = 3  # their mean distance is the size of a point's splat
LEAST_SPACING = 0.01  # relative to the mean, as points may coincide
DENSE_OPACITY = 0.7  # dense points lie on surfaces that several photos confirm
OVERLAP, FLATNESS = 0.7, 0.1  # size of a dense point's splat relative to the spacing, and along the normal relative to that
ROOM, ROOM_PASSES = 0.5, 10.0  # dense points per splat in runs of more passes, which leave room to grow where needed
DRAFT_PASSES = 10.0  # passes over the photos from which dense points alone do better than beside decoded splats
ENOUGH_POINTS = 50  # with fewer points, all decoded splats are kept
JUDGING_VIEWS, JUDGING_SIDE = 8, 160  # number of photos that decoded splats are compared with, and their longest side in pixels
REGION = 9  # pixels along the side of a region of such a picture
# PSNR in dB of a region below which decoded splats do more harm than good beside points: about what points alone reach in one
# pass over the photos, and the gain for every doubling of the passes. From BEST_PSNR on, decoded splats are always kept.
GOOD_PSNR, PER_DOUBLING, BEST_PSNR = 20.0, 4.0, 24.0


def starting_splats(
    gaussians: Gaussians[np.ndarray],
    photos: PhotoSet,
    points: SparsePoints | None,
    most: int,
    start: str = "auto",
    passes: float = math.inf,
    listen: Listen = unheard,
    dense: DensePoints | None = None,
) -> Gaussians[np.ndarray]:
    """At most `most` decoded splats (numpy), and one splat per point, combined as `RefineSettings.start` says.

    Points lie where photos agree, whereas the network can be wrong, and its mistakes persist. So beside points, "auto" keeps
    only the decoded splats that are `better_than_points`: fewer of them for more passes over the photos. Beside dense points it
    keeps all, or none for a longer refinement (`with_draft`). If either kind is missing, the other is used alone.
    Raises `TttlrmError` ("no_splats") if there is neither.
    """
    dense = dense if dense is not None and len(dense) >= ENOUGH_POINTS and start == "auto" else None
    parts = [] if start == "decoded" else _from_points(points, dense)
    if parts and not with_draft(start, passes, dense):
        return merge(parts)
    decoded = prune(gaussians[finite(gaussians)], max_splats=most)
    if not parts and not len(decoded):
        raise TttlrmError(
            "There are neither splats nor points to refine.", hint="Reconstruct the scene first.", code=Code.NO_SPLATS
        )
    if not parts or not len(decoded):
        return merge(parts or [decoded])
    surface = merge(parts)
    if start == "auto" and dense is None and len(surface) >= ENOUGH_POINTS:
        decoded = decoded[better_than_points(decoded, surface, photos, good_psnr(passes), listen)]
    return merge([surface, decoded])


def with_draft(start: str, passes: float, dense: DensePoints | None) -> bool:
    """Whether decoded splats may be part of a start beside points."""
    return start != "points" and (dense is None or len(dense) < ENOUGH_POINTS or passes <= DRAFT_PASSES)


def _from_points(points: SparsePoints | None, dense: DensePoints | None) -> list[Gaussians[np.ndarray]]:
    """A splat for each sparse point, and one for each dense one."""
    sparse = [splats_from_points(points)] if points is not None and len(points) > NEIGHBORS else []
    return [*sparse, splats_from_dense(dense)] if dense is not None else sparse


def good_psnr(passes: float) -> float:
    """PSNR in dB that decoded splats must reach in a region to be kept beside points, by the number of passes over the photos."""
    return min(GOOD_PSNR + PER_DOUBLING * math.log2(max(passes, 1e-3)), BEST_PSNR)


@torch.no_grad()
def better_than_points(
    decoded: Gaussians[np.ndarray],
    surface: Gaussians[np.ndarray],
    photos: PhotoSet,
    good: float,
    listen: Listen = unheard,
) -> np.ndarray:
    """Mask [N] bool of the decoded splats (numpy) that match their region of the photos better than `good` dB and than points.

    Decoded splats and points (`surface`) are drawn separately into a few views. A decoded splat is judged by the mean squared
    error around its center.
    """
    views = np.unique(np.linspace(0, len(photos) - 1, JUDGING_VIEWS).astype(int))
    tensors = to_tensors(decoded), to_tensors(surface)
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
    """Draw splats (tensors) small, as a photo's camera sees them: the drawing, and its mean squared error by region [h, w]."""
    size = downscaled_size(photos, JUDGING_SIDE)
    drawn = rasterize(splats, photos.cameras[[view]], size, photos.background)
    photo = downscaled(torch.as_tensor(photos.images[view]), size).to(drawn.rgb)
    error = (drawn.rgb[0] - photo).square().mean(-1)
    if photos.weights is not None:
        error = error * downscaled(torch.as_tensor(photos.weights[view])[..., None], size)[..., 0].to(error)
    return drawn, torch.nn.functional.avg_pool2d(error[None], REGION, 1, REGION // 2, count_include_pad=False)[0]


def splats_from_points(points: SparsePoints) -> Gaussians[np.ndarray]:
    """One round, faint splat per point, as large as the mean distance to its 3 nearest neighbors (Kerbl et al. 2023, §5)."""
    count = len(points)
    spacing = cKDTree(points.means).query(points.means, NEIGHBORS + 1)[0][:, 1:].mean(1)
    sizes = spacing.clip(LEAST_SPACING * spacing.mean())
    return Gaussians(
        means=points.means.astype(np.float32),
        quats=np.tile(np.array([1, 0, 0, 0], np.float32), (count, 1)),
        scales=np.repeat(sizes[:, None], 3, 1).astype(np.float32),
        opacities=np.full(count, POINT_OPACITY, np.float32),
        sh=to_base_sh(points.colors)[:, None],
    )


def surface_points(found: DenseDepth, photos: PhotoSet, wanted: int, passes: float) -> DensePoints:
    """Dense points for a start, about as many as `wanted` splats at most."""
    return dense_points(found, photos, max(int(wanted * (ROOM if passes > ROOM_PASSES else 1)), 1))


def splats_from_dense(points: DensePoints) -> Gaussians[np.ndarray]:
    """One splat per dense point that lies flat on the surface."""
    count = len(points)
    spacing = cKDTree(points.means).query(points.means, NEIGHBORS + 1)[0][:, 1:].mean(1)
    sizes = OVERLAP * spacing.clip(points.spacing / 2, 2 * points.spacing)
    x, y, z = points.normals.T
    quats = np.stack([1 + z, -y, x, np.zeros(count)], 1)  # turn the z axis to the normal
    quats[1 + z < 1e-3] = 0, 1, 0, 0
    return Gaussians(
        means=points.means,
        quats=(quats / np.linalg.norm(quats, axis=1, keepdims=True)).astype(np.float32),
        scales=(sizes[:, None] * np.array([1, 1, FLATNESS])).astype(np.float32),
        opacities=np.full(count, DENSE_OPACITY, np.float32),
        sh=to_base_sh(points.colors)[:, None],
    )


def to_degree(gaussians: Gaussians[np.ndarray], degree: int) -> Gaussians[np.ndarray]:
    """Change the degree of the spherical harmonics of splats (numpy) by dropping terms or adding zeros. Raises `TttlrmError`."""
    if not 0 <= degree <= MAX_DEGREE:
        raise TttlrmError("Spherical harmonics have a degree from 0 to {}, not {}.", MAX_DEGREE, degree, code=Code.BAD_SETTINGS)
    terms = (degree + 1) ** 2
    sh = np.pad(gaussians.sh, ((0, 0), (0, max(0, terms - gaussians.sh.shape[1])), (0, 0)))[:, :terms]
    return replace(gaussians, sh=sh)


def finite(gaussians: Gaussians[np.ndarray]) -> np.ndarray:
    """Mask [N] bool of the splats (numpy) without NaN and infinity."""
    rows = (np.isfinite(array).all(axis=tuple(range(1, array.ndim))) for array in gaussians.arrays().values())
    return np.logical_and.reduce(list(rows))
