# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the colors of a texture come from: pictures that cameras took of the surface, read one at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np
import torch

from ..geometry.cameras import Cameras
from ..photos.lens import pinhole_intrinsics
from ..photos.light import Light, evened, measured_light
from ..photos.load import PhotoSet, load_photos
from ..photos.photo import Photo
from ..progress import Listen, unheard
from ..stereo.dense import resized
from .depth_maps import DepthMaps

MOST_PIXELS = 16_000_000  # of a picture that is read, a limit on memory


@dataclass(frozen=True)
class Picture:
    """What one camera saw."""

    image: np.ndarray  # [H, W, 3] float32, sRGB, 0 to 1
    weights: np.ndarray | None  # [H, W] float32, 0 for pixels that do not count; None if all do
    intrinsics: np.ndarray  # [4], fx fy cx cy in pixels

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.image.shape[1], self.image.shape[0]


class Pixels(NamedTuple):
    """V photos at one size."""

    colors: np.ndarray  # [V, H, W, 3] uint8, sRGB
    counted: np.ndarray | None = None  # [V, H, W] bool, those that masks leave; None without masks


class Pictures(Protocol):
    """V pictures in files or in memory."""

    @property
    def cameras(self) -> Cameras:
        """The cameras, for pictures of their full size."""

    def read(self, view: int, shrink: float) -> Picture:
        """A picture, at its full size divided by `shrink` or smaller. Raises `TttlrmError`."""

    def in_even_light(self, points: np.ndarray, listen: Listen = unheard) -> Pictures:
        """The same pictures as if all had been taken in the same light, which is measured at points [N, 3] of the surface."""


@dataclass(frozen=True)
class PhotoPictures:
    """Photos as files, which are read when they are needed, at their own sizes."""

    files: list[Photo]
    small: PhotoSet  # the same photos at any size, which the light is measured in
    light: Light | None = None

    @property
    def cameras(self) -> Cameras:
        """The cameras of the undistorted photos, each at the photo's own size."""
        intrinsics = [pinhole_intrinsics(photo, photo.width, photo.height) for photo in self.files]
        sizes = np.array([[photo.width, photo.height] for photo in self.files])
        return Cameras(np.stack([photo.c2w for photo in self.files]), np.stack(intrinsics), sizes)

    def read(self, view: int, shrink: float) -> Picture:
        """A photo, undistorted."""
        photo = self.files[view]
        if self.small.weights is not None and not self.small.weights[view].any():  # the mask leaves nothing of it
            return Picture(self.small.images[view], self.small.weights[view], self.small.cameras.intrinsics[view])
        shrink = max(shrink, 1.0, (photo.width * photo.height / MOST_PIXELS) ** 0.5)
        read = load_photos([photo], max(1, round(photo.width / shrink)), max(1, round(photo.height / shrink)))
        if self.light is not None:
            read = evened(read, replace(self.light, gains=self.light.gains[[view]]))
        return Picture(read.images[0], None if read.weights is None else read.weights[0], read.cameras.intrinsics[0])

    def pixels(self, height: int, width: int) -> Pixels:
        """The photos at a size."""
        views = (torch.from_numpy(self.small.images[[view]]) for view in range(len(self.small)))
        colors = np.concatenate([np.round(resized(view, height, width).numpy() * 255).astype(np.uint8) for view in views])
        if self.small.weights is None:
            return Pixels(colors)
        return Pixels(colors, resized(torch.from_numpy(self.small.weights)[..., None], height, width)[..., 0].numpy() > 0.5)

    def in_even_light(self, points: np.ndarray, listen: Listen = unheard) -> PhotoPictures:
        """See `photos.light`."""
        return replace(self, light=measured_light(self.small, points, listen))


@dataclass(frozen=True)
class SplatPictures:
    """Pictures of splats, for lack of photos."""

    maps: DepthMaps

    @property
    def cameras(self) -> Cameras:
        """The cameras of the maps."""
        return self.maps.cameras

    def read(self, view: int, shrink: float) -> Picture:
        """The colors of a map, at its only size; where it is not opaque, they do not count."""
        seen = (self.maps.confidence[view] > 0).astype(np.float32)
        return Picture(self.maps.color[view] / np.float32(255), seen, self.maps.cameras.intrinsics[view])

    def in_even_light(self, points: np.ndarray, listen: Listen = unheard) -> SplatPictures:
        """The same: splats have only one light."""
        return self
