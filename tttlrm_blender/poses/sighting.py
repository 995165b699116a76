# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a scene once cameras are, to be looked at while the work goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..gaussians.dots import dots
from ..photos.photo import Photo
from ..progress import Sight
from .colmap import read_cameras, read_images, read_points
from .sparse_points import points_of_model
from .upright import upright


def sight_of_model(model: Path) -> Sight:
    """The cameras and points of an unfinished COLMAP model, set upright. Raises `TttlrmError` where its files are not whole."""
    lenses, images, points = read_cameras(model), read_images(model), read_points(model)
    c2w = np.stack([image.c2w for image in images])
    world = upright(c2w, points.means)
    c2w[:, :3, 3] = world.points(c2w[:, :3, 3])
    c2w[:, :3, :3] = world.rotation @ c2w[:, :3, :3]
    own = [lenses[image.camera_id] for image in images]
    sizes = np.array([[lens.width, lens.height] for lens in own])
    seen = dots(world.points(points.means), points.colors / 255)
    return Sight(seen, c2w, np.stack([lens.intrinsics for lens in own]), sizes)


def sight_of_photos(photos: list[Photo]) -> Sight:
    """The cameras of photos, and the points of the model that their poses come from, if they come from one."""
    points = points_of_model(photos)
    seen = dots(points.means, points.colors) if points else dots(np.empty((0, 3)), np.empty((0, 3)))
    sizes = np.array([[photo.width, photo.height] for photo in photos])
    return Sight(seen, np.stack([photo.c2w for photo in photos]), np.stack([photo.intrinsics for photo in photos]), sizes)
