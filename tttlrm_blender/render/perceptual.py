# SPDX-License-Identifier: GPL-3.0-or-later
"""Perceptual similarity of pictures: features of VGG16, and LPIPS (Zhang et al. 2018) on top of them.

The weights are not part of the product; docs/evaluation.md says where they come from. Parameters have the names that
torchvision (`features.*`) and the lpips package (`lin*`) give them.
"""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from ..errors import Code, TttlrmError, listed, text
from ..gaussians.gaussians import Gaussians
from ..photos.load import PhotoSet
from ..pickled import check_names
from ..reading import reading
from .metrics import compared

STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # channels and convolutions before each halving of the size
TAPS = (3, 8, 15, 22, 29)  # the layers relu1_2, relu2_2, relu3_3, relu4_3, relu5_3
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet; LPIPS uses the same values
LEAST = 16  # pixels of a side; smaller pictures vanish before the last stage
HINT = "See docs/evaluation.md for how to make such a file."
SHOWN = 3  # faults of a file that are listed


class VggFeatures(nn.Module):
    """The convolutions of VGG16, from a file with torchvision's `features.*`; called, the mean distance of features.

    Raises `TttlrmError` ("bad_weights") for a file without them.
    """

    def __init__(self, file: Path) -> None:
        super().__init__()
        with torch.device("meta"):
            self.features = _convolutions()
            self.add_heads()
        load_weights(self, file)

    def add_heads(self) -> None:
        """Add the modules of a subclass beyond the features; there are none here."""

    def layers(self, images: Tensor) -> list[Tensor]:
        """Features [V, C, h, w] of the five stages for images [V, H, W, 3], 0 to 1. Raises `TttlrmError` for tiny ones."""
        height, width = images.shape[1:3]
        if min(height, width) < LEAST:
            raise TttlrmError(
                "Pictures of {}×{} pixels are too small for VGG16; each side needs at least {}.", width, height, LEAST
            )
        x = ((images - images.new_tensor(MEAN)) / images.new_tensor(DEVIATION)).permute(0, 3, 1, 2)
        found = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in TAPS:
                found.append(x)
        return found

    def forward(
        self,
        pictures: Tensor,  # [V, H, W, 3], 0 to 1
        photos: Tensor,  # [V, H, W, 3], 0 to 1
    ) -> Tensor:
        """Mean absolute difference of the features of each pair, mean over the stages: [V], differentiable."""
        pairs = zip(self.layers(pictures), self.layers(photos), strict=True)
        return torch.stack([(x - y).abs().mean((1, 2, 3)) for x, y in pairs]).mean(0)


class Lpips(VggFeatures):
    """The LPIPS distance with VGG16, from a file that also has the lpips package's five heads `lin0` to `lin4`."""

    def add_heads(self) -> None:
        """Add the five heads, each with one weight per channel."""
        for index, (channels, _) in enumerate(STAGES):
            weigh = nn.Conv2d(channels, 1, 1, bias=False)
            self.add_module(f"lin{index}", nn.ModuleDict({"model": nn.Sequential(nn.Identity(), weigh)}))

    def forward(
        self,
        pictures: Tensor,  # [V, H, W, 3], 0 to 1
        photos: Tensor,  # [V, H, W, 3], 0 to 1
    ) -> Tensor:
        """LPIPS of each pair, 0 for equal ones: [V], differentiable."""
        pairs = zip(self.layers(pictures), self.layers(photos), strict=True)
        heads = [self.get_submodule(f"lin{index}.model") for index in range(len(STAGES))]
        distances = [head((_unit(x) - _unit(y)).square()) for head, (x, y) in zip(heads, pairs, strict=True)]
        return torch.stack([distance.mean((1, 2, 3)) for distance in distances]).sum(0)


@torch.no_grad()
def evaluate_lpips(gaussians: Gaussians[np.ndarray], photos: PhotoSet, lpips: Lpips) -> float:
    """Mean LPIPS of splats (numpy) over the photos, each drawn over their background."""
    scores = [lpips.to(photo.device)(picture, photo).item() for picture, photo in compared(gaussians, photos)]
    return sum(scores) / len(scores)


def load_weights(network: nn.Module, file: Path) -> None:
    """Fill a network with the weights of a file, frozen. Raises `TttlrmError` ("bad_weights")."""
    with reading(file, Code.BAD_WEIGHTS, HINT):
        found, wanted = read_weights(file), network.state_dict()
    faults = [text("{} is missing", name) for name in wanted if name not in found]
    faults += [
        text("{} is {} instead of {}", name, list(found[name].shape), list(value.shape))
        for name, value in wanted.items()
        if name in found and found[name].shape != value.shape
    ]
    if faults:
        some = listed(faults[:SHOWN], "; ")
        what = text("{}; and {} more", some, len(faults) - SHOWN) if len(faults) > SHOWN else some
        raise TttlrmError("{} lacks weights of VGG16 or LPIPS: {}.", file, what, hint=HINT, code=Code.BAD_WEIGHTS)
    network.load_state_dict({name: found[name].float() for name in wanted}, assign=True)
    network.requires_grad_(False).eval()


def read_weights(file: Path) -> dict[str, Tensor]:
    """The tensors of a .safetensors file or of a .pt file with a state dict, named as torchvision and lpips do.

    The lpips package calls the convolutions `net.sliceK.N`; torchvision calls them `features.N`. Raises `TttlrmError`.
    """
    if not file.is_file():
        raise TttlrmError("There are no weights at {}.", file, hint=HINT, code=Code.BAD_WEIGHTS)
    try:
        found = load_file(file) if file.suffix == ".safetensors" else _load_pt(file)
        named = {name: value for name, value in found.items() if isinstance(value, Tensor)}
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, KeyError, AttributeError):
        raise TttlrmError("{} cannot be read as weights.", file, hint=HINT, code=Code.BAD_WEIGHTS) from None
    return {re.sub(r"^net\.slice\d+\.", "features.", name): value for name, value in named.items()}


def _load_pt(file: Path) -> dict:
    check_names(file)
    return torch.load(file, map_location="cpu", weights_only=True)


def _convolutions() -> nn.Sequential:
    """The layers of VGG16 up to relu5_3, counted as torchvision does."""
    layers: list[nn.Module] = []
    channels = 3
    for width, count in STAGES:
        for _ in range(count):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers[:-1])


def _unit(x: Tensor) -> Tensor:
    """Features [V, C, h, w] of length 1 at every position."""
    return x / (x.norm(dim=1, keepdim=True) + 1e-10)
