# SPDX-License-Identifier: GPL-3.0-or-later
"""Light that differs from photo to photo: exposure, white balance and vignetting, measured before anything is optimized.

Photos show the same points of a scene, so the differences of all photos follow from one robust least-squares fit, as in gain
compensation of panoramas (Brown and Lowe 2007). In sRGB, light multiplied by a factor multiplies color + 0.055 by a factor.

Differences that neighboring photos share, such as those of automatic exposure along a path, are left alone: splats show them
by view-dependent colors, and photos from between have them too. How much of the differences is shared is estimated from
themselves, by the model of kriging: a smooth field over the camera poses plus independent deviations, whose shares have the
highest restricted likelihood (Patterson and Thompson 1971). Only the deviations are corrected.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..geometry.cameras import Cameras
from ..progress import Listen, unheard
from .load import PhotoSet
from .selection import camera_features

TOE = 0.055  # of sRGB (IEC 61966-2-1)
DARK, SATURATED = 0.03, 0.97  # colors beyond say little about the light
HIGHLIGHT = 0.8  # brighter colors are compressed or clipped by cameras, in whatever light
MOST_POINTS = 4000
FEWEST = 10  # sights of points per photo; with fewer, nothing is measured
CELLS, BEHIND = 24, 1.1  # cells along a photo's longest side; a point that much farther than the nearest in its cell is hidden
SIDE = 160  # pixels along the longest side of the pictures that colors are taken from
ROUNDS = 10  # of reweighting
AGREEMENT = 0.02  # to which the colors of a point agree at best, relatively
DISAGREEMENT = 0.5  # relative to that of any two points; points with more are not on surfaces
TYPICAL = 1.0  # observations that speak for the typical light in each photo, which settles photos that share no points
SHARED_ERRORS = 4.0  # variance of errors, relative to what the fits to two halves of the points show
REACH = 2.0  # how far the field is smooth, in units of `camera_features`: the spread of positions, or a turn by as much
SHARES = (0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0)  # of independent deviations, tried in turn
EVIDENCE = 3.0  # strong, by Kass and Raftery (1995): by how much the log-likelihood must exceed that of the least share
LEAST_DEVIATION, LEAST_FALLOFF = 0.01, 0.08  # smaller ones are as well explained by surfaces that shine, and are left alone
CHANNELS = np.array([[1, 1, 1], [1, -1, 0], [0, -1, 1]]) / np.array([[3], [1], [1]])  # to brightness, red and blue over green


@dataclass(frozen=True)
class Light:
    """How the light of V photos differs from the typical photo, as factors on color + `TOE`."""

    gains: np.ndarray  # [V, 3] float32, natural logarithms
    falloff: float  # natural logarithm at a corner, relative to the center; at most 0

    @property
    def differs(self) -> bool:
        """Whether there is anything to correct."""
        return bool(self.gains.any()) or self.falloff < 0

    def factors(self, view: int, camera: Cameras, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """The factors of a photo, drawn at (width, height) pixels from one camera, are the products of those of its rows
        [height, 1, 3] and columns [width, 1], float32."""
        (width, height), (x, y) = size, camera.resized(*size).intrinsics[0, 2:]
        columns = _squares(np.arange(width) + 0.5, y, (x, y), size)[:, None]
        rows = _squares(x, np.arange(height) + 0.5, (x, y), size)[:, None, None]
        parts = self.gains[view] + self.falloff * (rows - rows.mean()), self.falloff * (columns - columns.mean())
        by_row, by_column = (np.exp(part).astype(np.float32) for part in parts)
        return by_row, by_column


def even_light(count: int) -> Light:
    """The light of photos that do not differ."""
    return Light(np.zeros((count, 3), np.float32), 0.0)


def measured_light(
    photos: PhotoSet,
    points: np.ndarray,  # [N, 3], on the scene's surfaces
    listen: Listen = unheard,
) -> Light:
    """Measure how the light of photos deviates from that of their neighbors. Does not change the photos."""
    points = points[np.linspace(0, len(points) - 1, min(MOST_POINTS, len(points))).astype(int)]
    seen = _Observations.of(photos, points, listen)
    if len(photos) < 3 or len(seen.views) < FEWEST * len(photos):
        return even_light(len(photos))
    fits = [seen.half(odd).fitted(len(photos), listen) for odd in (0, 1)]
    parts, other = (CHANNELS @ differences.T for differences, _ in fits)
    falloff = (fits[0][1] + fits[1][1]) / 2
    features = camera_features(photos.cameras.c2w)
    noise = SHARED_ERRORS * ((parts - other) ** 2).mean(1) / 4
    deviations = np.stack([_independent(*each, features) for each in zip((parts + other) / 2, noise, strict=True)])
    gains = np.linalg.solve(CHANNELS, deviations).T
    if np.sqrt((gains**2).mean()) < LEAST_DEVIATION:
        gains = np.zeros_like(gains)
    # Rounded, as the last digits of linear algebra depend on the number of threads.
    return Light(gains.round(4).astype(np.float32), round(falloff, 4) if falloff < -LEAST_FALLOFF else 0.0)


def evened(photos: PhotoSet, light: Light) -> PhotoSet:
    """The photos as if all had been taken in the typical light, except for white, which stays white."""
    if not light.differs:
        return photos
    size = (photos.images.shape[2], photos.images.shape[1])
    images = np.empty_like(photos.images)
    for view, image in enumerate(photos.images):
        rows, columns = light.factors(view, photos.cameras[[view]], size)
        even = ((image + TOE) / (rows * columns) - TOE).clip(0, 1)
        images[view] = even + (image - even) * ((image - HIGHLIGHT) / (1 - HIGHLIGHT)).clip(0, 1)
    return replace(photos, images=images)


@dataclass(frozen=True)
class _Observations:
    """M sights of a point in a photo."""

    points: np.ndarray  # [M] int64
    views: np.ndarray  # [M] int64
    colors: np.ndarray  # [M, 3] float64, logarithms of color + TOE
    squares: np.ndarray  # [M] float64, squared distance from the center of the photo, 1 at its corners

    @staticmethod
    def of(photos: PhotoSet, points: np.ndarray, listen: Listen) -> _Observations:
        """All sights of points [N, 3] in photos, except where these are masked, black or saturated."""
        parts = []
        for view in range(len(photos)):
            listen()
            parts.append((view, *_sights(photos, view, points)))
        views = np.concatenate([np.full(len(rows), view) for view, rows, _, _ in parts])
        rows, colors, squares = (np.concatenate(arrays) for arrays in zip(*(part[1:] for part in parts), strict=True))
        shared = np.bincount(rows, minlength=len(points))[rows] > 1
        return _Observations(rows[shared], views[shared], colors[shared], squares[shared])

    def half(self, odd: int) -> _Observations:
        """The sights of every other point."""
        mine = self.points % 2 == odd
        return _Observations(self.points[mine], self.views[mine], self.colors[mine], self.squares[mine])

    def fitted(self, count: int, listen: Listen) -> tuple[np.ndarray, float]:
        """The differences [count, 3] of photos, with a mean of zero, and the falloff, by iteratively reweighted least squares.

        All are zero if the photos show different colors at most points, whatever the light.
        """
        weights = np.ones(len(self.views))
        for _ in range(ROUNDS):
            listen()
            differences, falloff = self._solved(count, weights)
            rest = self.colors - differences[self.views] - falloff * self.squares[:, None]
            errors = (self._centered(rest, weights) ** 2).sum(1)
            weights = 1 / (1 + errors / (3 * np.median(errors) + 9 * AGREEMENT**2)) ** 2  # Geman and McClure's
        if np.median(errors) > DISAGREEMENT**2 * self.colors.var(0).sum():
            return np.zeros((count, 3)), 0.0
        return differences - differences.mean(0), falloff

    def _solved(self, count: int, weights: np.ndarray) -> tuple[np.ndarray, float]:
        """One weighted least-squares fit; the points' own colors are eliminated by centering."""
        totals = np.bincount(self.points, weights)
        sights = np.zeros((len(totals), count))
        sights[self.points, self.views] = weights
        square = np.diag(sights.sum(0) + TYPICAL) - (sights / np.maximum(totals, 1e-12)[:, None]).T @ sights
        values = np.concatenate([self.colors, self.squares[:, None]], 1)
        centered = self._centered(values, weights) * weights[:, None]
        product = np.stack([np.bincount(self.views, column, count) for column in centered.T], 1)  # [count, 3 + 1]
        found = np.linalg.solve(square, product)
        radial = (centered * self.squares[:, None]).sum(0) - product[:, 3] @ found  # what photos do not explain
        falloff = float(radial[:3].mean() / max(radial[3], 1e-12))
        return found[:, :3] - falloff * found[:, 3:], falloff

    def _centered(self, values: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Values [M, C] less the weighted mean of their point's."""
        totals = np.maximum(np.bincount(self.points, weights), 1e-12)
        means = [np.bincount(self.points, weights * column) / totals for column in values.T]
        return values - np.stack(means, 1)[self.points]


def _sights(photos: PhotoSet, view: int, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The points that a photo shows: their numbers [m], logarithms of colors [m, 3] and squared distances from the center [m]."""
    image, camera = photos.images[view], photos.cameras[[view]]
    step = max(1, max(image.shape[:2]) // SIDE)
    image = _reduced(image, step)
    size = (image.shape[1] * step, image.shape[0] * step)
    fx, fy, cx, cy = camera.intrinsics[0]
    x, y, z = (np.linalg.inv(camera.c2w[0]) @ np.concatenate([points, np.ones((len(points), 1))], 1).T)[:3]
    front = np.maximum(z, 1e-9)
    columns, rows = fx * x / front + cx, fy * y / front + cy
    inside = np.flatnonzero((z > 0) & (columns >= 0) & (columns < size[0]) & (rows >= 0) & (rows < size[1]))
    columns, rows, z = columns[inside], rows[inside], z[inside]
    visible = z < BEHIND * _nearest(columns, rows, z, max(size) / CELLS)
    colors = image[(rows / step).astype(int), (columns / step).astype(int)]
    usable = visible & ((colors > DARK) & (colors < SATURATED)).all(1)
    if photos.weights is not None:
        usable &= photos.weights[view][rows.astype(int), columns.astype(int)] > 0.5
    squares = _squares(columns, rows, camera.intrinsics[0, 2:], size)
    return inside[usable], np.log(colors[usable].astype(np.float64) + TOE), squares[usable]


def _reduced(image: np.ndarray, step: int) -> np.ndarray:
    """An image [H, W, C] with means of step × step pixels for pixels, without what is left over at the ends."""
    height, width = image.shape[0] // step, image.shape[1] // step
    return image[: height * step, : width * step].reshape(height, step, width, step, -1).mean((1, 3))


def _nearest(columns: np.ndarray, rows: np.ndarray, depth: np.ndarray, side: float) -> np.ndarray:
    """The least depth [M] of the points in the same square cell of the picture."""
    cells = (rows // side).astype(int) * (CELLS + 1) + (columns // side).astype(int)
    least = np.full((CELLS + 1) ** 2, np.inf)
    np.minimum.at(least, cells, depth)
    return least[cells]


def _squares(
    columns: np.ndarray | float, rows: np.ndarray | float, center: np.ndarray | tuple[float, float], size: tuple[int, int]
) -> np.ndarray:
    """Squared distances from the center of a picture, 1 at its corners."""
    return ((columns - center[0]) ** 2 + (rows - center[1]) ** 2) / (np.array(size) ** 2 / 4).sum()


def _independent(
    values: np.ndarray,  # [V]
    noise: float,  # variance of the values' errors
    features: np.ndarray,  # [V, F], of cameras
) -> np.ndarray:
    """The part [V] of values that is independent from camera to camera, by the most likely share of the variance, less noise.

    The rest is the values' mean and a smooth field over the cameras (Matérn's covariance, 3/2).
    """
    gaps = np.sqrt(3 * ((features[:, None] - features[None]) ** 2).sum(-1)) / REACH
    spectrum, basis = np.linalg.eigh((1 + gaps) * np.exp(-gaps))
    turned, ones = basis.T @ values, basis.sum(0)
    likelihoods, deviations = [], []
    for share in SHARES:
        variances = np.maximum((1 - share) * spectrum, 0) + share
        weight = (ones**2 / variances).sum()
        explained = (turned - ones * (ones * turned / variances).sum() / weight) / variances
        degrees = len(values) - 1
        variance = turned @ explained / degrees + 1e-12
        likelihoods.append(-(degrees * np.log(variance) + np.log(variances).sum() + np.log(weight)) / 2)
        deviations.append(max(0.0, share - noise / variance) * explained)
    best = int(np.argmax(likelihoods))
    found = likelihoods[best] > likelihoods[0] + EVIDENCE
    return basis @ deviations[best] if found else np.zeros(len(values))
