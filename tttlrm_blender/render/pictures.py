# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of splats as arrays, for display and files."""

from __future__ import annotations

import numpy as np
import torch

from ..gaussians.gaussians import Gaussians
from ..geometry.cameras import Cameras
from .device import to_tensors
from .rasterize import rasterize


@torch.no_grad()
def draw_views(gaussians: Gaussians[np.ndarray], cameras: Cameras) -> np.ndarray:
    """Pictures [V, H, W, 3] float32 of numpy splats as cameras of one size see them."""
    width, height = cameras.sizes[0].tolist()
    return rasterize(to_tensors(gaussians), cameras, (width, height)).rgb.cpu().numpy()


def to_bytes(image: np.ndarray) -> np.ndarray:
    """An image with values from 0 to 1 as uint8."""
    return (image.clip(0, 1) * 255 + 0.5).astype(np.uint8)
