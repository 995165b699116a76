# SPDX-License-Identifier: GPL-3.0-or-later
"""The photometric loss of 3D Gaussian splatting (Kerbl et al. 2023, §5): 0.8 · L1 + 0.2 · (1 − SSIM).

`photo_loss_reference` is the formula in torch. On the CPU, `photo_loss` computes value and gradient together in kernels:
SSIM depends only on the blurred images A = x̃, B = ỹ, S = (x² + y²)~ and P = (xy)~, so its gradient is
∂A~ + 2x ∂S~ + y ∂P~, since the blur is its own adjoint. Seven blurs suffice, one row at a time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ..kernels import kernel, spread
from ..render.metrics import SSIM_C1, SSIM_C2, SSIM_WINDOW, ssim, ssim_window

SSIM_SHARE = 0.2
F = np.float32
ONE, TWO, ZERO = F(1), F(2), F(0)
C1, C2 = F(SSIM_C1), F(SSIM_C2)
WINDOW = ssim_window().astype(np.float32)
TAPS, REACH, CHANNELS = SSIM_WINDOW, SSIM_WINDOW // 2, 3


def photo_loss(
    picture: torch.Tensor,  # [V, H, W, 3]
    photo: torch.Tensor,  # [V, H, W, 3]
    weights: torch.Tensor | None = None,  # [V, H, W], 0 where a pixel does not count
) -> torch.Tensor:
    """The loss of pictures against their photos: a scalar, differentiable in the pictures.

    Pixels that do not count are replaced by those of the photo, so that neither they nor SSIM windows around them add gradients.
    """
    if picture.is_cuda:
        return photo_loss_reference(picture, photo, weights)
    return _PhotoLoss.apply(_counted(picture, photo, weights), photo)


def photo_loss_reference(
    picture: torch.Tensor,  # [V, H, W, 3]
    photo: torch.Tensor,  # [V, H, W, 3]
    weights: torch.Tensor | None = None,  # [V, H, W]
) -> torch.Tensor:
    """`photo_loss` in plain torch."""
    picture = _counted(picture, photo, weights)
    difference = (picture - photo).abs().mean()
    return (1 - SSIM_SHARE) * difference + SSIM_SHARE * (1 - ssim(picture, photo).mean())


def _counted(picture: torch.Tensor, photo: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
    """Replace pixels that do not count by those of the photos."""
    return picture if weights is None else torch.lerp(photo, picture, weights[..., None])


class _PhotoLoss(torch.autograd.Function):
    """Value and gradient from kernels."""

    @staticmethod
    def forward(ctx: Any, picture: torch.Tensor, photo: torch.Tensor) -> torch.Tensor:
        pairs = zip(picture.detach(), photo, strict=True)
        losses, gradients = zip(*(_loss_and_gradient(x.numpy(), y.numpy()) for x, y in pairs), strict=True)
        ctx.save_for_backward(torch.from_numpy(np.stack(gradients)) / len(losses))
        return picture.new_tensor(np.mean(losses))

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        return gradients[0] * ctx.saved_tensors[0], None


def _loss_and_gradient(x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """The loss of a picture x against its photo y, both [H, W, 3] float32, and its gradient with respect to x."""
    if x.shape != y.shape or x.shape[2:] != (CHANNELS,):
        raise ValueError(f"a picture of the shape {x.shape} has no loss against a photo of the shape {y.shape}")
    height, width = x.shape[:2]
    x, y = np.ascontiguousarray(x).reshape(height, -1), np.ascontiguousarray(y).reshape(height, -1)
    sums, slopes = np.empty((4, *x.shape), np.float32), np.empty((3, *x.shape), np.float32)
    gradient, losses = np.empty_like(x), np.zeros((height, 2), np.float32)
    spread(_blur_rows, height, x, y, sums)
    spread(_compare, height, sums, slopes, losses)
    spread(_collect, height, x, y, slopes, gradient, losses)
    difference, similarity = losses.sum(0, dtype=np.float64) / x.size
    return (1 - SSIM_SHARE) * difference + SSIM_SHARE * (1 - similarity), gradient.reshape(height, width, CHANNELS)


@kernel
def _blur_rows(start, stop, x, y, sums):
    """Blur x, y, x² + y² and xy along rows: sums [4, H, W · 3]."""
    padded = np.zeros(x.shape[1] + CHANNELS * (TAPS - 1), np.float32)
    inner = padded[CHANNELS * REACH : CHANNELS * REACH + x.shape[1]]
    for row in range(start, stop):
        inner[:] = x[row]
        _blur_along(padded, sums[0, row])
        inner[:] = y[row]
        _blur_along(padded, sums[1, row])
        inner[:] = x[row] * x[row] + y[row] * y[row]
        _blur_along(padded, sums[2, row])
        inner[:] = x[row] * y[row]
        _blur_along(padded, sums[3, row])


@kernel
def _compare(start, stop, sums, slopes, losses):
    """Write the SSIM of rows to losses[:, 1], and its slopes in A, S and P, blurred along rows, to slopes [3, H, W · 3]."""
    length = sums.shape[2]
    padded = np.zeros((3, length + CHANNELS * (TAPS - 1)), np.float32)
    inner = padded[:, CHANNELS * REACH : CHANNELS * REACH + length]
    blurred = np.empty((4, length), np.float32)
    for row in range(start, stop):
        for map in range(4):
            _blur_across(sums[map], row, blurred[map])
        losses[row, 1] = _similarity(blurred, inner)
        for map in range(3):
            _blur_along(padded[map], slopes[map, row])


@kernel
def _similarity(blurred, slopes):
    """Sum the SSIM along a row from blurred [4, n] (A, B, S, P), and write its slopes [3, n] in A, S and P."""
    total = ZERO
    for i in range(blurred.shape[1]):
        a, b = blurred[0, i], blurred[1, i]
        top1, bottom1 = TWO * a * b + C1, a * a + b * b + C1
        top2, bottom2 = TWO * (blurred[3, i] - a * b) + C2, blurred[2, i] - a * a - b * b + C2
        share = ONE / (bottom1 * bottom2)
        value = top1 * top2 * share
        total += value
        slopes[0, i] = TWO * (b * (top2 - top1) * share + a * value * (bottom1 - bottom2) * share)
        slopes[1, i] = -value / bottom2
        slopes[2, i] = TWO * top1 * share
    return total


@kernel
def _collect(start, stop, x, y, slopes, gradient, losses):
    """Write the gradient of rows, and their sums of absolute differences to losses[:, 0]."""
    height, length = x.shape
    blurred = np.empty((3, length), np.float32)
    difference, similarity = F((1 - SSIM_SHARE) / (height * length)), F(-SSIM_SHARE / (height * length))
    for row in range(start, stop):
        for map in range(3):
            _blur_across(slopes[map], row, blurred[map])
        total = ZERO
        for i in range(length):
            apart = x[row, i] - y[row, i]
            total += abs(apart)
            slope = blurred[0, i] + TWO * x[row, i] * blurred[1, i] + y[row, i] * blurred[2, i]
            gradient[row, i] = difference * np.sign(apart) + similarity * slope
        losses[row, 0] = total


@kernel
def _blur_along(padded, out):
    """Blur a row of interleaved channels, padded with zeros, along itself: out [n]."""
    out[:] = ZERO
    for tap in range(TAPS):
        weight = WINDOW[tap]
        for i in range(len(out)):
            out[i] += weight * padded[CHANNELS * tap + i]


@kernel
def _blur_across(plane, row, out):
    """Blur a plane [H, n] across rows, for one row of the result: out [n]."""
    out[:] = ZERO
    for tap in range(max(0, REACH - row), min(TAPS, len(plane) + REACH - row)):
        weight, other = WINDOW[tap], plane[row + tap - REACH]
        for i in range(len(out)):
            out[i] += weight * other[i]
