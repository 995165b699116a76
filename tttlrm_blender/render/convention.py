# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared by all back ends: the constants of 3D Gaussian splatting (Kerbl et al. 2023), their input and their output."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ..geometry.cameras import Cameras

NEAR = 0.01  # splats whose center is nearer than this, in world units, are not drawn
BLUR = 0.3  # variance in px² added to every splat, so that none is missed between pixels; antialiased ones keep their light
MIN_ALPHA = 1 / 255  # fainter contributions to a pixel are ignored
MAX_ALPHA = 0.999  # no splat hides what is behind it completely
MIN_TRANSMITTANCE = 1e-4  # a pixel is finished before its transmittance would fall below this
MAX_DEGREE = 3  # of spherical harmonics
MAX_SIDE = 1 << 16  # pixels of a picture, in which float32 still tells hundredths of a pixel apart
VIEW_MARGIN = 0.3  # the projection is linearized at most this share of the half view outside the picture


@dataclass(frozen=True)
class Views:
    """V cameras as input of the back ends."""

    rotations: np.ndarray  # [V, 3, 3] float32, world to camera
    centers: np.ndarray  # [V, 3] float32, camera positions in the world
    intrinsics: np.ndarray  # [V, 4] float32, fx fy cx cy in pixels

    def __len__(self) -> int:
        return len(self.centers)

    @staticmethod
    def of(cameras: Cameras) -> Views:
        """The views of cameras with rigid poses."""
        rotations = np.swapaxes(cameras.c2w[:, :3, :3], 1, 2)
        return Views(*(np.ascontiguousarray(a, np.float32) for a in (rotations, cameras.c2w[:, :3, 3], cameras.intrinsics)))


@dataclass(frozen=True)
class Drawing:
    """The output of a back end: sums along rays, over a black background."""

    rgb: torch.Tensor  # [V, H, W, 3]
    depth: torch.Tensor  # [V, H, W], sum of weight · z
    alpha: torch.Tensor  # [V, H, W], sum of weights
    means2d: torch.Tensor  # [V, N, 2], pixels; 0 for splats that are not drawn
    radii: torch.Tensor  # [V, N] int32, pixels, 0 for splats that are not drawn


def check_arrays(splats: tuple[torch.Tensor, ...], degree: int) -> None:
    """Raise ValueError for splats outside of whose arrays the kernels would read or write, as they check nothing themselves."""
    means, *_, sh = splats
    shapes = [(len(means), *ends) for ends in ((3,), (4,), (3,), (), (sh.shape[1:2].numel(), 3))]
    if [tuple(tensor.shape) for tensor in splats] != shapes:
        raise ValueError(f"splats cannot have arrays of the shapes {[tuple(tensor.shape) for tensor in splats]}")
    if not 0 <= degree <= MAX_DEGREE or (degree + 1) ** 2 > sh.shape[1]:
        raise ValueError(f"{sh.shape[1]} spherical harmonics have no degree {degree}")
