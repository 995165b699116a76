# SPDX-License-Identifier: GPL-3.0-or-later
"""Random weights in the shapes of VGG16 and LPIPS."""

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

CHANNELS = {0: 3, 2: 64, 5: 64, 7: 128, 10: 128, 12: 256, 14: 256, 17: 256, 19: 512, 21: 512, 24: 512, 26: 512, 28: 512}
WIDTHS = (64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512)
HEADS = (64, 128, 256, 512, 512)


def random_weights() -> dict[str, Tensor]:
    """A state dict with the names of torchvision and of the lpips package."""
    generator = torch.Generator().manual_seed(0)
    weights = {}
    for (index, channels), width in zip(CHANNELS.items(), WIDTHS, strict=True):
        deviation = (2 / (9 * channels)) ** 0.5  # keeps features about as large as they come in
        weights[f"features.{index}.weight"] = torch.randn(width, channels, 3, 3, generator=generator) * deviation
        weights[f"features.{index}.bias"] = torch.randn(width, generator=generator) * 0.1
    for index, channels in enumerate(HEADS):
        weights[f"lin{index}.model.1.weight"] = torch.rand(1, channels, 1, 1, generator=generator)
    return {name: value.half().float() for name, value in weights.items()}


def write_weights(path: Path, weights: dict[str, Tensor]) -> Path:
    """A .safetensors file in half precision."""
    save_file({name: value.half() for name, value in weights.items()}, path)
    return path
