# SPDX-License-Identifier: GPL-3.0-or-later
"""A small picture with gradients by WebGPU, beside the processor's: drivers have bugs that no error tells."""

from __future__ import annotations

import numpy as np
import torch

from ..errors import TttlrmError
from ..gaussians.gaussians import Gaussians
from .convention import Drawing, Views
from .cpu import functions as cpu
from .webgpu import functions as webgpu

COUNT, SIZE = 64, (40, 24)
TOLERANCE = 1e-3  # of the relative difference of pictures and gradients


def fault(backend: str) -> str:
    """Why what a WebGPU adapter draws is of no use; "" if it is what the processor draws. The adapter must exist."""
    try:
        found = _drawn(backend.partition(":")[2])
    except TttlrmError as error:
        return str(error.text).rstrip(".")
    expected = _drawn(None)
    worst = max(float((a - b).norm() / b.norm().clamp(min=1e-6)) for a, b in zip(found, expected, strict=True))
    return "" if worst < TOLERANCE else f"its driver computes something else than the processor, by {worst:.1%}"


def _drawn(adapter: str | None) -> list[torch.Tensor]:
    """Pictures and gradients by an adapter, or by the processor."""
    source = torch.Generator().manual_seed(0)
    shapes = {"means": (3,), "quats": (4,), "scales": (3,), "opacities": (), "sh": (16, 3)}
    arrays = {name: torch.rand(COUNT, *shape, generator=source) for name, shape in shapes.items()}
    arrays["means"] = arrays["means"] * torch.tensor([4.0, 2.4, 2.0]) + torch.tensor([-2.0, -1.2, 2.0])
    arrays["scales"] = arrays["scales"] * 0.3
    splats = Gaussians(**{name: array.requires_grad_() for name, array in arrays.items()}, antialiased=True)
    views = Views(np.eye(3, dtype=np.float32)[None], np.zeros((1, 3), np.float32), np.array([[30, 30, 20, 12]], np.float32))
    drawing = _draw(splats, views, adapter)
    pictures = [drawing.rgb, drawing.depth, drawing.alpha]
    leaves = list(splats.arrays().values())
    gradients = torch.autograd.grad(sum((picture.square().sum() for picture in pictures), torch.zeros(())), leaves)
    return [*(picture.detach() for picture in pictures), *gradients]


def _draw(splats: Gaussians[torch.Tensor], views: Views, adapter: str | None) -> Drawing:
    return cpu.draw(splats, views, SIZE, 3) if adapter is None else webgpu.draw(splats, views, SIZE, 3, adapter)
