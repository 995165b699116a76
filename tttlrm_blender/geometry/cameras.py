# SPDX-License-Identifier: GPL-3.0-or-later
"""Pinhole cameras: poses, intrinsics and image sizes of many views."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

OPENGL_AXES = np.diag([1.0, -1.0, -1.0, 1.0])  # camera axes of OpenGL to those of OpenCV; its own inverse


@dataclass(frozen=True)
class Cameras:
    """V pinhole cameras in OpenCV axes (x right, y down, z forward; pixel centers at +0.5)."""

    c2w: np.ndarray  # [V, 4, 4] float64, camera to world
    intrinsics: np.ndarray  # [V, 4] float64, fx fy cx cy in pixels
    sizes: np.ndarray  # [V, 2] int64, width and height in pixels

    def __len__(self) -> int:
        return len(self.c2w)

    def __getitem__(self, views: slice | list[int] | np.ndarray) -> Cameras:
        """The cameras of some views, in the order given."""
        return Cameras(self.c2w[views], self.intrinsics[views], self.sizes[views])

    def resized(self, width: int, height: int) -> Cameras:
        """The same cameras for images stretched to one size."""
        ratio = np.array([width, height]) / self.sizes
        sizes = np.broadcast_to(np.array([width, height]), self.sizes.shape).copy()
        return Cameras(self.c2w, self.intrinsics * np.tile(ratio, 2), sizes)

    def cropped(self, left: int, top: int, width: int, height: int) -> Cameras:
        """The same cameras for the same crop of every image."""
        offset = np.array([0, 0, left, top])
        sizes = np.broadcast_to(np.array([width, height]), self.sizes.shape).copy()
        return Cameras(self.c2w, self.intrinsics - offset, sizes)
