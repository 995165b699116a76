# SPDX-License-Identifier: GPL-3.0-or-later
"""Which world a scene is reconstructed in: that of its pose file or, where poses were estimated, an upright one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..errors import Code, TttlrmError
from ..geometry.alignment import align_cameras, align_points
from ..geometry.similarity import Similarity
from ..photos.exif import gps_meters
from ..photos.photo import Photo
from .colmap import read_points
from .upright import upright

LEAST_SPREAD = 10.0  # meters between photos below which GPS is noise
MOST_DISAGREEMENT = 0.3  # of GPS with the cameras, as a share of their spread
DISTANCE_HINT = "Write the names of two photos and the meters between them, such as --distance a.jpg:b.jpg=2.5."
STAY = Similarity(1.0, np.eye(3), np.zeros(3))


def settle(photos: list[Photo], orient: str = "auto", distance: str = "") -> Similarity:
    """The map from the world of the photos' poses to the one that the scene is to stand in.

    `orient` "auto" turns estimated worlds upright (`upright`), "always" all and "never" none. `distance` ("a.jpg:b.jpg=2.5")
    gives the size, else GPS does where a world is turned upright. Raises `TttlrmError` ("bad_settings") where the two photos
    tell no distance.
    """
    scale = _measured(photos, distance) if distance else 0.0
    estimated = all(photo.source and photo.source.estimated for photo in photos)
    if orient == "always" or (orient == "auto" and estimated):
        c2w = np.stack([photo.c2w for photo in photos])
        return upright(c2w, _landmarks(photos), scale or gps_scale(*_gps(photos)))
    return replace(STAY, scale=scale or 1.0)


def between(photos: list[Photo], same: list[Photo]) -> Similarity:
    """The map from the world of some photos to that in which the same photos stand elsewhere, which fits their cameras best.

    Raises `TttlrmError` ("no_poses") where fewer than two are given.
    """
    if len(photos) < 2:
        hint = "Add photos that overlap with those that the scene has."
        raise TttlrmError("The new photos have no place among those of the scene.", hint=hint, code=Code.NO_POSES)
    source, target = (np.stack([photo.c2w for photo in each]) for each in (photos, same))
    return align_cameras(source, target)


def moved(photos: list[Photo], similarity: Similarity) -> list[Photo]:
    """The photos in another world."""
    return [_moved(photo, similarity) for photo in photos]


def gps_scale(
    meters: np.ndarray,  # [N, 3], where GPS saw the cameras
    positions: np.ndarray,  # [N, 3], where the cameras are
) -> float:
    """Meters per unit of length, or 0 where GPS tells too little: fewer than 3 photos, all near each other, or at odds."""
    if len(meters) < 3:
        return 0.0
    similarity = align_points(positions, meters)
    spread = np.sqrt(((meters - meters.mean(0)) ** 2).sum(1).mean())
    left_over = np.sqrt(((meters - similarity.points(positions)) ** 2).sum(1).mean())
    return similarity.scale if spread > LEAST_SPREAD and left_over < MOST_DISAGREEMENT * spread else 0.0


def _measured(photos: list[Photo], distance: str) -> float:
    """Meters per unit of length, from the distance of two cameras."""
    pair, _, meters = distance.rpartition("=")
    first, _, second = pair.rpartition(":")
    apart = float(np.linalg.norm(_position(photos, first) - _position(photos, second)))
    if apart == 0:
        raise TttlrmError("{} and {} were taken from the same place.", first, second, hint=DISTANCE_HINT, code=Code.BAD_SETTINGS)
    return float(meters) / apart


def _position(photos: list[Photo], name: str) -> np.ndarray:
    for photo in photos:
        if name in (photo.name, photo.path.name):
            return photo.c2w[:3, 3]
    raise TttlrmError("There is no photo {} among those with a camera.", name, hint=DISTANCE_HINT, code=Code.BAD_SETTINGS)


def _landmarks(photos: list[Photo]) -> np.ndarray:
    """Points [N, 3] that tell where the scene is: those of the COLMAP model, else what is right before the cameras."""
    models = {photo.source.model for photo in photos if photo.source}
    points = read_points(models.pop()).means if len(models) == 1 else np.empty((0, 3))
    if len(points) >= 3:
        return points
    c2w = np.stack([photo.c2w for photo in photos])
    spread = np.linalg.norm(c2w[:, :3, 3] - c2w[:, :3, 3].mean(0), axis=1).mean()
    return c2w[:, :3, 3] + spread * c2w[:, :3, 2]


def _gps(photos: list[Photo]) -> tuple[np.ndarray, np.ndarray]:
    """Places in meters and positions, [N, 3] each, of the photos that know where they were taken."""
    meters = gps_meters([photo.path for photo in photos])
    known = np.isfinite(meters).all(1)
    return meters[known], np.stack([photo.c2w[:3, 3] for photo in photos])[known]


def _moved(photo: Photo, similarity: Similarity) -> Photo:
    c2w = photo.c2w.copy()
    c2w[:3, :3] = similarity.rotation @ c2w[:3, :3]
    c2w[:3, 3] = similarity.points(c2w[:3, 3])
    return replace(photo, c2w=c2w, source=photo.source and replace(photo.source, world=similarity))
