# SPDX-License-Identifier: GPL-3.0-or-later
"""A background for outdoor scenes: far splats where photos look past everything near, such as at the sky.

Without them, optimization paints the sky with large, faint splats wherever the photos leave room, often close to the
cameras: this looks right from the photos' viewpoints and falls to pieces from anywhere else.
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
from .downscale import centers_inside, downscaled, downscaled_size

DIRECTIONS = 2000  # spread over the sphere; only the half above the horizon is used
FAR = 3.0  # distance from the cameras' middle, relative to the 99th percentile of the other splats
OVERLAP = 0.6  # ratio of a far splat's standard deviation to the distance of its neighbors
OPACITY = 0.95
OPEN = 0.3  # share of the views of a far splat that must look past everything near
SIDE, MARGIN = 160, 11  # pixels: longest side of the pictures compared, and window by which near things are dilated for safety
MOST_VIEWS = 40
DARK = 0.02  # darker colors need no splats, as pictures are composited onto black


def sky_splats(splats: Gaussians[np.ndarray], photos: PhotoSet, listen: Listen = unheard) -> Gaussians[np.ndarray]:
    """Far splats (numpy, SH degree 0) in the colors that photos show past the given splats (numpy) and above the horizon.

    Empty for objects without a background, which are composited onto white.
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
    """Gray splats around the cameras, above the horizon and behind the other splats."""
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
    """Directions [count, 3] evenly distributed over the sphere, a Fibonacci lattice."""
    index = np.arange(count) + 0.5
    z, turn = 1 - 2 * index / count, np.pi * (1 + 5**0.5) * index
    across = np.sqrt(1 - z**2)
    return np.stack([across * np.cos(turn), across * np.sin(turn), z], 1)


@torch.no_grad()
def _looked_at(
    shell: Gaussians[np.ndarray], splats: Gaussians[np.ndarray], photos: PhotoSet, listen: Listen
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each of N far splats: number of photos that see its place [N], number that see past all splats there [N], and the
    sum of the colors seen [N, 3]."""
    near, far, size = to_tensors(splats), to_tensors(shell), downscaled_size(photos, SIDE)
    sums = torch.zeros(len(shell), 5)
    for view in np.unique(np.linspace(0, len(photos) - 1, MOST_VIEWS).astype(int)).tolist():
        listen()
        camera = photos.cameras[[view]]
        alpha = rasterize(near, camera, size).alpha
        past = 1 - torch.nn.functional.max_pool2d(alpha, MARGIN, 1, MARGIN // 2)[0].cpu()
        counted = torch.ones_like(past)
        if photos.weights is not None:
            counted = downscaled(torch.as_tensor(photos.weights[view])[..., None], size)[..., 0]
        photo = downscaled(torch.as_tensor(photos.images[view]), size)
        shares = torch.cat([torch.stack([counted, counted * past], -1), photo * (counted * past)[..., None]], -1)
        inside, rows, columns = centers_inside(rasterize(far, camera, size), past.shape)
        sums[inside] += shares[rows, columns]
    seen, past, *colors = sums.numpy().T
    return seen, past, np.stack(colors, 1)
