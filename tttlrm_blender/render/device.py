# SPDX-License-Identifier: GPL-3.0-or-later
"""Where splats are drawn and optimised."""

import torch

from ..gaussians.gaussians import Gaussians


def best_device() -> torch.device:
    """A CUDA GPU if there is one, otherwise the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def to_tensors(gaussians: Gaussians) -> Gaussians:
    """Numpy splats as tensors on the best device."""
    return gaussians.map(lambda array: torch.as_tensor(array, device=best_device()))
