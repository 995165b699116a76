# SPDX-License-Identifier: GPL-3.0-or-later
"""The gradients of drawing by the processor, for pictures that were drawn by a GPU that failed since."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ..convention import Views
from ..cpu import functions as cpu


def project_backward(
    splats: Sequence[torch.Tensor],
    constants: tuple[Views, tuple[int, int], int, bool],  # of `cpu.Project`
    gradients: Sequence[torch.Tensor],  # of means2d and ellipses
) -> tuple[torch.Tensor, ...]:
    """Gradients of the five arrays of splats."""
    leaves = [tensor.detach().requires_grad_() for tensor in splats]
    with torch.enable_grad():
        means2d, ellipses, _ = cpu.Project.apply(*leaves, *constants)
    return torch.autograd.grad((means2d, ellipses), leaves, gradients)


def blend_backward(
    ellipses: Sequence[torch.Tensor],  # means2d, ellipses and radii
    size: tuple[int, int],
    gradient: torch.Tensor,  # [V, 5, H, W], of the pictures
) -> tuple[torch.Tensor, ...]:
    """Gradients of means2d and ellipses."""
    leaves = [tensor.detach().requires_grad_() for tensor in ellipses[:2]]
    with torch.enable_grad():
        pictures = cpu.Blend.apply(*leaves, ellipses[2], size)
    return torch.autograd.grad(pictures, leaves, (gradient[:, :3].permute(0, 2, 3, 1), gradient[:, 3], gradient[:, 4]))
