# SPDX-License-Identifier: GPL-3.0-or-later
"""Known depths of photos as a prior: what splats show must also be where it is.

Photos alone allow fog: faint splats in front of the surfaces, where each photo lets them pass for something else. A picture's
expected depth mixes the depths of fog and surface, so its error removes the fog, even if only some pixels have a known depth
(Deng et al. 2022, "Depth-supervised NeRF").
"""

from __future__ import annotations

import numpy as np
import torch

from ..render.rasterize import Rendering
from ..stereo.dense import DenseDepth

WEIGHT = 0.05  # of the mean error of the logarithm of depth, in the loss
LEAST_ALPHA, LEAST_DEPTH = 0.05, 1e-3  # more transparent pixels show no depth; in world units


def depth_loss(found: DenseDepth, view: int, drawn: Rendering) -> torch.Tensor:
    """The error of the depth that is drawn for a photo: a scalar, differentiable in the splats."""
    depth, alpha = drawn.depth[0], drawn.alpha[0].detach()
    known, weight = (nearest(maps[view], depth) for maps in (found.depth, found.confidence))
    weight = weight * (alpha > LEAST_ALPHA)
    error = (depth.clamp(min=LEAST_DEPTH) / known.clamp(min=LEAST_DEPTH)).log().abs()
    return WEIGHT * (error * weight).sum() / weight.sum().clamp(min=1)


def nearest(image: np.ndarray, like: torch.Tensor) -> torch.Tensor:
    """The nearest pixels [H, W] of a map [h, w]: means of near and far depths would be in between, where nothing is."""
    plane = torch.as_tensor(image, device=like.device)[None, None]
    return torch.nn.functional.interpolate(plane, like.shape, mode="nearest")[0, 0]
