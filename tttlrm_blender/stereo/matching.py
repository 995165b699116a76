# SPDX-License-Identifier: GPL-3.0-or-later
"""What PatchMatch stereo compares: one photo with its neighbors at one scale, patches, and hashed random numbers.

A hypothesis about a pixel is the plane of the surface there, three numbers w in camera axes: 1 / z = w · ray for every ray with
z = 1. Copying w to another pixel thus extends the plane, scaling it moves the plane away, and -w points to the camera's side.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

SIDE, STEP = 5, 2  # samples along the side of a patch, and their distance in pixels
NEAR_COLOR, NEAR_PLACE = 0.08, 5.0  # standard deviations of a sample's weight: brightness from 0 to 1, pixels
NOISE = 1e-4  # variance of brightness that patches have without any texture
REACH = (1, 3, 5)  # distances in pixels at which planes are looked for in each of four directions; odd, as on a checkerboard
TRIALS = 3  # random changes of the plane: of its distance, of its normal, of both
SEEDS_APART = 1_000_003
GRAZING = 0.1  # least cosine between a ray and a normal
NEAREST = 1e-6  # least z, relative to a pixel's own, of a point that a neighbor sees
UNSEEN = 2.0  # cost of a pixel that a neighbor does not see; that of opposite patches


class Matching(NamedTuple):
    """One photo and its N neighbors at one scale."""

    photo: Tensor  # [h, w] float32, brightness, 0 to 1
    others: Tensor  # [N, h, w]
    intrinsics: Tensor  # [4], fx fy cx cy in pixels
    linear: (
        Tensor  # [N, 3, 3]: (linear + offset planeᵀ) ray is proportional to the column, row and 1 of the pixel in the neighbor
    )
    offset: Tensor  # [N, 3]


class Search(NamedTuple):
    """How planes are looked for in one pass over a checkerboard."""

    seed: int
    amount: float  # largest relative change of a distance
    turn: float  # largest change of a component of a unit normal
    best: int  # number of neighbors that count: those with the lowest costs
    thorough: bool  # whether these are chosen for every plane, otherwise once, for the plane before


def patch_offsets() -> Tensor:
    """Offsets [SIDE², 2] of a patch's samples from its center, in pixels."""
    side = torch.arange(SIDE, dtype=torch.float32) * STEP - (SIDE - 1) * STEP / 2
    return torch.stack(torch.meshgrid(side, side, indexing="xy"), -1).flatten(0, 1)


def random_numbers(seed: int, height: int, width: int, device: torch.device) -> Tensor:
    """Numbers [h, w, 4 TRIALS] from -1 to 1 that depend on the seed and the pixel alone (hash `lowbias32` of Chris Wellons)."""
    x = torch.arange(height * width * 4 * TRIALS, device=device)
    x = (seed * SEEDS_APART + x) & 0xFFFFFFFF
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B), (16, 1)):
        x = ((x ^ (x >> shift)) * factor) & 0xFFFFFFFF
    return ((x >> 8).float() / 2**23 - 1).view(height, width, 4 * TRIALS)


def match_views(view: int, others: list[int], photos: Tensor, c2w: Tensor, intrinsics: Tensor) -> Matching:
    """One of V photos [V, h, w] with its neighbors, given poses [V, 4, 4] and intrinsics [V, 4], both float64."""
    device = photos.device
    world = c2w[others].inverse() @ c2w[view]  # [N, 4, 4], from the view's camera axes to the neighbors'
    lens = torch.zeros(len(others), 3, 3, dtype=c2w.dtype)
    focal, center = intrinsics[others].split(2, -1)
    lens[:, [0, 1], [0, 1]], lens[:, :2, 2], lens[:, 2, 2] = focal, center - 0.5, 1
    linear, offset = lens @ world[:, :3, :3], (lens @ world[:, :3, 3:])[..., 0]
    return Matching(
        photos[view], photos[others], intrinsics[view].float().to(device), linear.float().to(device), offset.float().to(device)
    )
