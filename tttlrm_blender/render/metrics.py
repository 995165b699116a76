# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics of pictures of splats against photos: PSNR and SSIM."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch.nn.functional import conv2d

from ..gaussians.gaussians import Gaussians
from ..photos.load import PhotoSet
from ..progress import Listen, unheard
from .device import to_tensors
from .rasterize import rasterize

SSIM_WINDOW, SSIM_SIGMA = 11, 1.5  # pixels
SSIM_C1, SSIM_C2 = 0.01**2, 0.03**2
LEAST_TIE = 1e-6  # keeps the exposure map of a single-color picture well defined
WHITE_ERROR = 0.5  # mean difference of the three channels that `error_colors` shows as white


def psnr(
    pictures: torch.Tensor,  # [V, H, W, 3], 0 to 1
    photos: torch.Tensor,  # [V, H, W, 3], 0 to 1
) -> torch.Tensor:
    """Peak signal-to-noise ratio of each picture in dB: [V]."""
    return -10 * (pictures - photos).square().mean(dim=(1, 2, 3)).log10()


def ssim(
    pictures: torch.Tensor,  # [V, H, W, 3], 0 to 1
    photos: torch.Tensor,  # [V, H, W, 3], 0 to 1
) -> torch.Tensor:
    """Structural similarity of each picture, mean over pixels and channels: [V]."""
    return ssim_map(pictures, photos).mean(dim=(1, 2, 3))


def ssim_map(
    pictures: torch.Tensor,  # [V, H, W, 3], 0 to 1
    photos: torch.Tensor,  # [V, H, W, 3], 0 to 1
) -> torch.Tensor:
    """Structural similarity around every pixel (Wang et al. 2004): [V, H, W, 3].

    The window is the usual Gaussian of 11×11 pixels, the border padded with zeros, as in 3D Gaussian splatting.
    """
    x, y = (images.permute(0, 3, 1, 2) for images in (pictures, photos))
    mean_x, mean_y = _blur(x), _blur(y)
    variance_x, variance_y = _blur(x * x) - mean_x**2, _blur(y * y) - mean_y**2
    covariance = _blur(x * y) - mean_x * mean_y
    means = (2 * mean_x * mean_y + SSIM_C1) / (mean_x**2 + mean_y**2 + SSIM_C1)
    structure = (2 * covariance + SSIM_C2) / (variance_x + variance_y + SSIM_C2)
    return (means * structure).permute(0, 2, 3, 1)


def evaluate_views(
    gaussians: Gaussians[np.ndarray], photos: PhotoSet, exposure: bool = False, listen: Listen = unheard
) -> dict[str, float]:
    """Mean PSNR (dB) and SSIM of splats (numpy) over the photos, each drawn over their background: {"psnr": …, "ssim": …}.

    `exposure` first brings the colors of each picture as close to its photo as an affine map can.
    """
    pairs = enumerate(compared(gaussians, photos, exposure, listen))
    scores = np.array([[_counted_psnr(photos, view, *pair), ssim(*pair).item()] for view, pair in pairs])
    return {"psnr": float(scores[:, 0].mean()), "ssim": float(scores[:, 1].mean())}


def evaluate_psnr(gaussians: Gaussians[np.ndarray], photos: PhotoSet, exposure: bool = False, listen: Listen = unheard) -> float:
    """Only the PSNR of `evaluate_views`, in a fraction of the time."""
    return float(np.mean(psnr_by_view(gaussians, photos, exposure, listen)))


def psnr_by_view(
    gaussians: Gaussians[np.ndarray], photos: PhotoSet, exposure: bool = False, listen: Listen = unheard
) -> list[float]:
    """The PSNR of `evaluate_psnr` in dB, photo by photo; infinite where a picture is the photo."""
    pairs = enumerate(compared(gaussians, photos, exposure, listen))
    return [float(_counted_psnr(photos, view, *pair)) for view, pair in pairs]


def _counted_psnr(photos: PhotoSet, view: int, picture: torch.Tensor, photo: torch.Tensor) -> float:
    """PSNR in dB over the pixels that count; the others equal the photo."""
    counted = 1.0 if photos.weights is None else float(photos.weights[view].mean())
    return psnr(picture, photo).item() + 10 * np.log10(max(counted, 1e-6))


@torch.no_grad()
def compared(
    gaussians: Gaussians[np.ndarray], photos: PhotoSet, exposure: bool = False, listen: Listen = unheard
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield for each photo the picture of splats (numpy) from its camera, and the photo: both [1, H, W, 3], 0 to 1.

    The picture equals the photo where pixels do not count; `exposure` adapts its exposure to the photo.
    """
    splats = to_tensors(gaussians)
    for view in range(len(photos)):
        listen()
        photo = torch.as_tensor(photos.images[view : view + 1], device=splats.means.device)
        weights = None if photos.weights is None else torch.as_tensor(photos.weights[view], device=photo.device)
        size = (photo.shape[2], photo.shape[1])
        picture = rasterize(splats, photos.cameras[[view]], size, photos.background).rgb.clamp(0, 1)
        if exposure:
            picture = with_exposure(picture, exposure_map(picture[0], photo[0], weights)).clamp(0, 1)
        yield picture if weights is None else torch.lerp(photo, picture, weights[None, ..., None]), photo


def exposure_map(
    picture: torch.Tensor,  # [H, W, 3]
    photo: torch.Tensor,  # [H, W, 3]
    weights: torch.Tensor | None = None,  # [H, W]
) -> torch.Tensor:
    """The affine map of colors, gain [3, 3] over offset [1, 3], that brings a picture closest to its photo by least squares."""
    colors = torch.nn.functional.pad(picture.reshape(-1, 3), (0, 1), value=1.0).double()
    share = 1 / len(colors) if weights is None else weights.reshape(-1, 1) / weights.sum().clamp(min=1)
    weighted, identity = colors * share, torch.eye(4).to(colors)
    square, product = weighted.T @ colors, weighted.T @ photo.reshape(-1, 3).double()
    return torch.linalg.solve(square + LEAST_TIE * identity, product + LEAST_TIE * identity[:, :3]).to(picture)


def with_exposure(
    picture: torch.Tensor,  # [..., 3]
    exposure: torch.Tensor,  # [4, 3], gain over offset
) -> torch.Tensor:
    """The picture with its colors mapped."""
    return picture @ exposure[:3] + exposure[3]


def ssim_window() -> np.ndarray:
    """Weights of the window along one axis: [11] float64, with sum 1."""
    offsets = np.arange(SSIM_WINDOW) - SSIM_WINDOW // 2
    weights = np.exp(-(offsets**2) / (2 * SSIM_SIGMA**2))
    return weights / weights.sum()


def _blur(images: torch.Tensor) -> torch.Tensor:
    """Images [V, 3, H, W] convolved with the window."""
    window = torch.as_tensor(ssim_window()).to(images).expand(3, 1, -1)
    rows = conv2d(images, window[:, :, None], padding=(0, SSIM_WINDOW // 2), groups=3)
    return conv2d(rows, window[..., None], padding=(SSIM_WINDOW // 2, 0), groups=3)


def error_colors(
    error: np.ndarray,  # [..., H, W], 0 to 1
) -> np.ndarray:
    """A heat map of errors, from black over red and yellow to white: [..., H, W, 3], 0 to 1, on a fixed scale."""
    return (3 * error[..., None] / WHITE_ERROR - [0, 1, 2]).clip(0, 1)
