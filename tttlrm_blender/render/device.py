# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices on which networks run and splats are drawn and optimized."""

import numpy as np
import torch

from ..gaussians.gaussians import Gaussians
from .choice import drawing_backend


def best_device() -> torch.device:
    """A CUDA GPU if there is one, otherwise the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def drawing_device() -> torch.device:
    """The device of the tensors of splats that are drawn: the best one if gsplat draws there, otherwise the CPU."""
    return torch.device("cuda" if drawing_backend() == "cuda" else "cpu")


def to_tensors(gaussians: Gaussians[np.ndarray]) -> Gaussians[torch.Tensor]:
    """Numpy splats as tensors on the device where they are drawn."""
    return gaussians.map(lambda array: torch.as_tensor(array, device=drawing_device()))


def to_numpy(gaussians: Gaussians[torch.Tensor]) -> Gaussians[np.ndarray]:
    """Tensor splats as float32 numpy arrays."""
    return gaussians.map(lambda tensor: np.ascontiguousarray(tensor.detach().float().cpu().numpy()))
