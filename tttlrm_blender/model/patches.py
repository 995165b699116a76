# SPDX-License-Identifier: GPL-3.0-or-later
"""Pixels grouped into patches."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def patches(pixels: Tensor, p: int) -> Tensor:
    """[B, V, H, W, C] → [B, V·n, p·p·C]: patches by row and column, each flattened by row, column and channel."""
    b, v, h, w, c = pixels.shape
    grid = pixels.reshape(b, v, h // p, p, w // p, p, c).transpose(3, 4)
    return grid.reshape(b, v * (h // p) * (w // p), p * p * c)


def unpatched(values: Tensor, size: Sequence[int], channels: int = 3) -> Tensor:
    """The inverse of `patches` for values [B, V·n, p·p·C] of C channels and a size (H, W): [B, V, H, W, C]."""
    (height, width), p = size, math.isqrt(values.shape[-1] // channels)
    grid = values.unflatten(-1, (p, p, channels)).unflatten(1, (-1, height // p, width // p))
    return grid.transpose(3, 4).flatten(4, 5).flatten(2, 3)


def pixel_order(views: int, size: Sequence[int], p: int) -> Tensor:
    """The index of each pixel [V·H·W] of views of a size (H, W) among the same pixels in patch order."""
    rows = torch.arange(views * size[0] * size[1]).view(1, views, *size, 1)
    return patches(rows, p).flatten().argsort()
