# SPDX-License-Identifier: GPL-3.0-or-later
"""Sparse points of a scene, from the COLMAP model that gave the poses or triangulated from known poses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..cache import content_name, keep_copy, kept_folder
from ..errors import Text, text
from ..photos.images import shrunk
from ..photos.photo import Photo, Source, masks_of
from ..photos.selection import pose_features
from ..progress import Report
from ..scratch import Scratch
from .colmap import ColmapPoints, read_points
from .sfm_process import SfmJob, run_sfm, write_images

SIDE, FEATURES = 640, 4096  # pixels of the longest side, and features per image
NEIGHBORS = 6  # views that each view is matched with
EDITION = 2  # of cached points: those of other editions are triangulated again


@dataclass(frozen=True)
class SparsePoints:
    """N points on the surfaces of a scene, in the world of the cameras."""

    means: np.ndarray  # [N, 3] float32
    colors: np.ndarray  # [N, 3] float32, sRGB, 0 to 1

    def __len__(self) -> int:
        return len(self.means)


def sparse_points(photos: list[Photo], report: Report, fine: bool = True) -> SparsePoints:
    """Points that at least two of the given photos see; other photos do not count.

    Where the poses came from one COLMAP model, so do the points. Otherwise they are triangulated from the known poses, in a
    separate process, from matches between neighboring views, and kept in the cache if there is one. Without `fine` details
    they are a third as many, in a third of the time. Raises `TttlrmError` ("sfm_failed") where that fails.
    """
    if (known := points_of_model(photos)) is not None:
        return known
    with Scratch() as work:
        return _all_of(_kept_model(photos, work, report, fine))


def points_of_model(photos: list[Photo]) -> SparsePoints | None:
    """The points that at least two of the photos see in the one COLMAP model that their poses come from; None without one."""
    models = {photo.source.model if photo.source else None for photo in photos}
    model = models.pop() if len(models) == 1 else None
    return _seen_by(read_points(model), [photo.source for photo in photos if photo.source]) if model else None


def _kept_model(photos: list[Photo], work: Path, report: Report, fine: bool) -> Path:
    """The folder of a model with the points: in the cache, or a new one in `work`, with a note if that cannot be kept."""
    kept = None
    with report.noting(_unkept):
        kept = kept_folder("points") / _name(photos, fine)
    if kept and kept.is_dir():
        return kept
    made = triangulate(photos, work, report, fine)
    if kept:
        with report.noting(_unkept):
            keep_copy(made, kept)
    return made


def _unkept(error: Text) -> Text:
    return text("Sparse points are not kept for the next time: {}", error)


def triangulate(photos: list[Photo], folder: Path, report: Report, fine: bool = True) -> Path:
    """A COLMAP model, below `folder`, of the points that neighboring photos see, with the poses of the photos."""
    cameras = [(*photo.intrinsics, photo.distortion, photo.width, photo.height) for photo in photos]
    numbers = {camera: number for number, camera in enumerate(dict.fromkeys(cameras))}
    files = [(photo.path, photo.upright) for photo in photos]
    job = SfmJob(
        images=write_images(folder, files, [numbers[camera] for camera in cameras], SIDE, report),
        names=[photo.name for photo in photos],
        pairs=neighbor_pairs(photos),
        cameras={str(numbers[camera]): _small_camera(photo) for camera, photo in zip(cameras, photos, strict=True)},
        poses=[np.linalg.inv(photo.c2w)[:3].tolist() for photo in photos],
        features=FEATURES,
        fine=fine,
    )
    model = run_sfm(folder, job, report)
    assert model is not None, "triangulation always writes a model, if an empty one"
    return model


def neighbor_pairs(photos: list[Photo]) -> list[tuple[int, int]]:
    """Pairs of photos, by index, whose cameras are among the nearest to each other in position and direction."""
    features = pose_features(photos)
    gaps = ((features[:, None] - features[None]) ** 2).sum(-1)
    np.fill_diagonal(gaps, np.inf)
    nearest = gaps.argsort(axis=1)[:, : min(NEIGHBORS, len(photos) - 1)]
    return sorted({(min(first, int(second)), max(first, int(second))) for first, row in enumerate(nearest) for second in row})


def _all_of(model: Path) -> SparsePoints:
    found = read_points(model)
    return SparsePoints(found.means.astype(np.float32), found.colors.astype(np.float32) / 255)


def _seen_by(points: ColmapPoints, sources: list[Source]) -> SparsePoints:
    """The points that at least two of the images of one model see, in the world of the photos."""
    image_ids, world = [source.image_id for source in sources], sources[0].world
    keep = np.array([len(np.intersect1d(images, image_ids)) >= 2 for images in points.seen_by], dtype=bool)
    means = world.points(points.means[keep]) if world else points.means[keep]
    return SparsePoints(means.astype(np.float32), points.colors[keep].astype(np.float32) / 255)


def _name(photos: list[Photo], fine: bool) -> str:
    """A hash of the contents of the photos and their masks, of their cameras, and of how their points are found."""
    masks = masks_of([photo.path for photo in photos])
    lenses = [(photo.upright, photo.width, photo.height, *photo.intrinsics, repr(photo.distortion)) for photo in photos]
    poses = [(photo.name, photo.c2w.tolist(), mask is not None) for photo, mask in zip(photos, masks, strict=True)]
    return content_name([*(photo.path for photo in photos), *filter(None, masks)], EDITION, fine, lenses, poses)


def _small_camera(photo: Photo) -> tuple[str, list[float]]:
    """COLMAP's camera model and parameters of a photo's small copy."""
    width, height = shrunk(photo.width, photo.height, SIDE)
    intrinsics = photo.intrinsics * np.tile([width / photo.width, height / photo.height], 2)
    return photo.distortion.model, [*intrinsics, *photo.distortion.values]
