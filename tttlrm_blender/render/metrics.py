# SPDX-License-Identifier: GPL-3.0-or-later
"""How close pictures of splats come to photos: PSNR and SSIM."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch.nn.functional import conv2d

from ..gaussians.gaussians import Gaussians
from ..photos.load import PhotoSet
from .device import to_tensors
from .rasterize import rasterize

SSIM_WINDOW, SSIM_SIGMA = 11, 1.5  # pixels
SSIM_C1, SSIM_C2 = 0.01**2, 0.03**2
LEAST_SLOPE = 1e-6  # keeps the exposure of a picture in one colour defined
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

    The window is the usual Gaussian of 11×11 pixels, the border padded with zeros, as 3D Gaussian splatting measures it.
    """
    x, y = (images.permute(0, 3, 1, 2) for images in (pictures, photos))
    mean_x, mean_y = _blur(x), _blur(y)
    variance_x, variance_y = _blur(x * x) - mean_x**2, _blur(y * y) - mean_y**2
    covariance = _blur(x * y) - mean_x * mean_y
    means = (2 * mean_x * mean_y + SSIM_C1) / (mean_x**2 + mean_y**2 + SSIM_C1)
    structure = (2 * covariance + SSIM_C2) / (variance_x + variance_y + SSIM_C2)
    return (means * structure).permute(0, 2, 3, 1)


def evaluate_views(gaussians: Gaussians, photos: PhotoSet, exposure: bool = False) -> dict[str, float]:
    """Mean PSNR (dB) and SSIM of splats (numpy) over the photos, each drawn over their background: {"psnr": …, "ssim": …}.

    `exposure` brings the colours of each picture as near to its photo as an affine map can.
    """
    scores = []
    for view, (picture, photo) in enumerate(compared(gaussians, photos)):
        picture = fit_exposure(picture[0], photo[0])[None] if exposure else picture
        counted = 1.0 if photos.weights is None else float(photos.weights[view].mean())
        scores.append([psnr(picture, photo).item() + 10 * np.log10(max(counted, 1e-6)), ssim(picture, photo).item()])
    return dict(zip(("psnr", "ssim"), np.mean(scores, axis=0).tolist(), strict=True))


@torch.no_grad()
def compared(gaussians: Gaussians, photos: PhotoSet) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """For each photo the picture of splats (numpy) that its camera sees, and the photo: both [1, H, W, 3], 0 to 1.

    The picture is like the photo where pixels do not count.
    """
    splats = to_tensors(gaussians)
    for view in range(len(photos)):
        photo = torch.as_tensor(photos.images[view : view + 1], device=splats.means.device)
        size = (photo.shape[2], photo.shape[1])
        picture = rasterize(splats, photos.cameras[[view]], size, photos.background).rgb.clamp(0, 1)
        if photos.weights is not None:
            picture = torch.lerp(photo, picture, torch.as_tensor(photos.weights[view], device=photo.device)[None, ..., None])
        yield picture, photo


def fit_exposure(
    picture: torch.Tensor,  # [H, W, 3]
    photo: torch.Tensor,  # [H, W, 3]
) -> torch.Tensor:
    """The picture with the affine map of its colours that brings it nearest to the photo by least squares, 0 to 1."""
    colors = torch.cat([picture.reshape(-1, 3), torch.ones(picture.shape[0] * picture.shape[1], 1).to(picture)], 1)
    square = colors.double().T @ colors.double() + LEAST_SLOPE * torch.eye(4).to(colors).double()
    fitted = torch.linalg.solve(square, colors.double().T @ photo.reshape(-1, 3).double()).to(picture)
    return (colors @ fitted).view_as(picture).clamp(0, 1)


def ssim_window() -> np.ndarray:
    """Weights of the window along one axis: [11] float64, their sum is 1."""
    offsets = np.arange(SSIM_WINDOW) - SSIM_WINDOW // 2
    weights = np.exp(-(offsets**2) / (2 * SSIM_SIGMA**2))
    return weights / weights.sum()


def _blur(images: torch.Tensor) -> torch.Tensor:
    """Images [V, 3, H, W] seen through the window."""
    window = torch.as_tensor(ssim_window()).to(images).expand(3, 1, -1)
    rows = conv2d(images, window[:, :, None], padding=(0, SSIM_WINDOW // 2), groups=3)
    return conv2d(rows, window[..., None], padding=(SSIM_WINDOW // 2, 0), groups=3)


def error_colors(
    error: np.ndarray,  # [..., H, W], 0 to 1
) -> np.ndarray:
    """Errors from black over red and yellow to white, [..., H, W, 3] of 0 to 1: the same error has the same colour everywhere."""
    return (3 * error[..., None] / WHITE_ERROR - [0, 1, 2]).clip(0, 1)
