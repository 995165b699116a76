# SPDX-License-Identifier: GPL-3.0-or-later
"""Removal of splats that no photo would miss.

They are hidden behind others, beside all photos or too faint, so nothing has ever corrected them. From where no photo was
taken they come into sight.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from ..gaussians.gaussians import SH_DC, Gaussians
from ..photos.load import PhotoSet
from ..progress import Listen, unheard
from ..render.device import to_tensors
from ..render.rasterize import rasterize
from .downscale import downscaled, downscaled_size

SIDE = 256  # pixels: longest side of the pictures that decide
LEAST = 1.0  # pixels of all photos together that a splat fills


def needed(splats: Gaussians[np.ndarray], photos: PhotoSet, listen: Listen = unheard, most: int = 0) -> np.ndarray:
    """Mask [N] bool of the splats (numpy) that photos would miss, of these the `most` that they would miss most (0 for all)."""
    filled = contributions(splats, photos, listen)
    keep = filled >= LEAST
    if 0 < most < keep.sum():
        keep[np.argsort(-filled, kind="stable")[most:]] = False
    return keep


def contributions(splats: Gaussians[np.ndarray], photos: PhotoSet, listen: Listen = unheard) -> np.ndarray:
    """How many pixels of all photos together each of N splats (numpy) fills: [N] float32.

    It is the sum of the weights with which the splat is blended, over the pixels that count, which is the gradient of the sum of
    one channel with respect to the splat's color.
    """
    tensors, size = to_tensors(splats), downscaled_size(photos, SIDE)
    colors = torch.zeros_like(tensors.sh[:, :1]).requires_grad_()
    gray = replace(tensors, sh=colors)
    for view in range(len(photos)):
        listen()
        red = rasterize(gray, photos.cameras[[view]], size).rgb[0, ..., 0]
        if photos.weights is not None:
            red = red * downscaled(torch.as_tensor(photos.weights[view])[..., None], size)[..., 0].to(red)
        red.mean().backward()
    assert colors.grad is not None, "there is a photo"
    pixels = photos.images.shape[1] * photos.images.shape[2]
    return (colors.grad[:, 0, 0] * (pixels / SH_DC)).cpu().numpy()
