# SPDX-License-Identifier: GPL-3.0-or-later
"""A background for outdoor scenes: far splats where photos look past all that is near, as they do at the sky.

Without them optimisation paints the sky on faint, large splats wherever the photos leave room, often close to the cameras:
right from where the photos were taken, shreds from anywhere else.
"""

from __future__ import annotations

import numpy as np
import torch

from ..gaussians.activations import to_base_sh
from ..gaussians.gaussians import Gaussians
from ..photos.load import BLACK, PhotoSet
from ..progress import Listen, unheard
from ..render.device import to_tensors
from ..render.rasterize import rasterize
from .downscale import centers_inside, small, small_size

DIRECTIONS = 2000  # spread over the sphere; the half above the horizon is tried
FAR = 3.0  # times as far from the cameras' middle as 99 % of the other splats
OVERLAP = 0.6  # standard deviation of a far splat by the distance to the next
OPACITY = 0.95
OPEN = 0.3  # of the views of a far splat that must look past everything near
SIDE, MARGIN = 160, 11  # pixels of the longest side of the pictures looked at, and around what is near: it may reach further
MOST_VIEWS = 40
DARK = 0.02  # colours that need no splats: pictures lie on black


def sky_splats(splats: Gaussians[np.ndarray], photos: PhotoSet, listen: Listen = unheard) -> Gaussians[np.ndarray]:
    """Far splats (numpy, SH degree 0) in the colours of what photos show past some splats (numpy) and above the horizon.

    None for things without background, which lie on white.
    """
    shell = _shell(splats, photos)
    if photos.background != BLACK or not len(splats):
        return shell[:0]
    seen, past, colors = _looked_at(shell, splats, photos, listen)
    colors = colors / np.maximum(past, 1e-6)[:, None]
    keep = (past > OPEN * seen) & (colors > DARK).any(1)
    shell.sh[:, 0] = to_base_sh(colors)
    return shell[keep]


def _shell(splats: Gaussians[np.ndarray], photos: PhotoSet) -> Gaussians[np.ndarray]:
    """Grey splats around the cameras, above the horizon and behind the other splats."""
    c2w = photos.cameras.c2w
    middle, up = c2w[:, :3, 3].mean(0), -c2w[:, :3, 1].mean(0)
    radius = FAR * float(np.percentile(np.linalg.norm(splats.means - middle, axis=1), 99)) if len(splats) else 1.0
    directions = _spread(DIRECTIONS)
    directions = directions[directions @ up > 0]
    count, spacing = len(directions), radius * np.sqrt(4 * np.pi / DIRECTIONS)
    return Gaussians(
        means=(middle + radius * directions).astype(np.float32),
        quats=np.tile(np.array([1, 0, 0, 0], np.float32), (count, 1)),
        scales=np.full((count, 3), OVERLAP * spacing, np.float32),
        opacities=np.full(count, OPACITY, np.float32),
        sh=np.zeros((count, 1, 3), np.float32),
    )


def _spread(count: int) -> np.ndarray:
    """Directions [count, 3], evenly over the sphere: a Fibonacci lattice."""
    index = np.arange(count) + 0.5
    z, turn = 1 - 2 * index / count, np.pi * (1 + 5**0.5) * index
    across = np.sqrt(1 - z**2)
    return np.stack([across * np.cos(turn), across * np.sin(turn), z], 1)


@torch.no_grad()
def _looked_at(
    shell: Gaussians[np.ndarray], splats: Gaussians[np.ndarray], photos: PhotoSet, listen: Listen
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How many photos show the places of N far splats [N], how many see past all splats there [N], and what, summed [N, 3]."""
    near, far, size = to_tensors(splats), to_tensors(shell), small_size(photos, SIDE)
    sums = torch.zeros(len(shell), 5)
    for view in np.unique(np.linspace(0, len(photos) - 1, MOST_VIEWS).astype(int)).tolist():
        listen()
        camera = photos.cameras[[view]]
        alpha = rasterize(near, camera, size).alpha
        past = 1 - torch.nn.functional.max_pool2d(alpha, MARGIN, 1, MARGIN // 2)[0].cpu()
        counted = torch.ones_like(past)
        if photos.weights is not None:
            counted = small(torch.as_tensor(photos.weights[view])[..., None], size)[..., 0]
        photo = small(torch.as_tensor(photos.images[view]), size)
        shares = torch.cat([torch.stack([counted, counted * past], -1), photo * (counted * past)[..., None]], -1)
        inside, rows, columns = centers_inside(rasterize(far, camera, size), past.shape)
        sums[inside] += shares[rows, columns]
    seen, past, *colors = sums.numpy().T
    return seen, past, np.stack(colors, 1)
