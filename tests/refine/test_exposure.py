# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos of different exposures give the same splats, and masked pixels do not count."""

from dataclasses import replace

import numpy as np
import torch

from tttlrm_blender.photos.load import PhotoSet
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import RefineSettings
from tttlrm_blender.refine.exposure import Exposure
from tttlrm_blender.refine.loss import photo_loss
from tttlrm_blender.refine.optimize import refine
from tttlrm_blender.render.metrics import evaluate_views, fit_exposure
from tttlrm_blender.render.rasterize import rasterize

from .conftest import SIZE, ring


def metered(photos: PhotoSet, stops: float = 1.0, seed: int = 0) -> PhotoSet:
    """The photos as if each had been metered for itself; their mean exposure is the same."""
    change = np.random.default_rng(seed).uniform(-stops, stops, len(photos))
    factor = 2 ** ((change - change.mean()) / 2.2)
    return replace(photos, images=(photos.images * factor[:, None, None, None]).clip(0, 1).astype(np.float32))


def test_exposures_are_learned_and_the_scene_keeps_its_own(blobs, nothing, points) -> None:
    with torch.no_grad():
        images = rasterize(blobs.map(torch.as_tensor), ring(32), (SIZE, SIZE)).rgb.clamp(0, 1).numpy()
    photos = PhotoSet([f"{view}.png" for view in range(32)], images, ring(32))
    changed = metered(photos)
    plain, exposed = (
        refine(nothing, changed, RefineSettings(steps=150, exposure=on, sh_degree=0), Report(), points) for on in (False, True)
    )
    assert evaluate_views(exposed, photos, exposure=True)["psnr"] > evaluate_views(plain, photos, exposure=True)["psnr"] + 0.5


def test_the_mean_exposure_is_none() -> None:
    exposure, random = Exposure(3, torch.device("cpu")), torch.Generator().manual_seed(0)
    for step in range(5):
        exposure.apply(step % 3, torch.rand(4, 4, 3, generator=random)).square().sum().backward()
        exposure.step(0.1 * step)
    assert exposure.maps.abs().max() > 1e-4
    torch.testing.assert_close(exposure.maps.detach().mean(0), torch.zeros(4, 3), atol=1e-6, rtol=0)


def test_a_fitted_picture_has_the_exposure_of_its_photo() -> None:
    picture = torch.rand(6, 5, 3, generator=torch.Generator().manual_seed(0))
    photo = picture @ torch.tensor([[0.6, 0.1, 0.0], [0.0, 0.7, 0.1], [0.0, 0.0, 0.5]]) + 0.1
    torch.testing.assert_close(fit_exposure(picture, photo), photo)


def test_a_flat_picture_is_fitted_too() -> None:
    assert fit_exposure(torch.zeros(4, 4, 3), torch.full((4, 4, 3), 0.3)).sub(0.3).abs().max() < 1e-4


def test_pixels_that_do_not_count_have_no_gradient_and_no_error(blobs, photos) -> None:
    photo = torch.as_tensor(photos.images[:1])
    picture = (photo + 0.3).requires_grad_()
    weights = torch.ones(photo.shape[:3])
    weights[:, :16] = 0
    photo_loss(picture, photo, weights).backward()
    assert picture.grad is not None and not picture.grad[:, :16].any() and picture.grad[:, 16:].any()
    assert photo_loss(picture, photo, torch.zeros_like(weights)).abs() < 1e-5


def test_what_masks_hide_is_neither_learned_nor_measured(nothing, blobs, photos, points) -> None:
    spoiled = photos.images.copy()
    spoiled[:, :12, :12] = [1, 0, 0]
    weights = np.ones(spoiled.shape[:3], np.float32)
    weights[:, :12, :12] = 0
    masked = replace(photos, images=spoiled, weights=weights)
    assert evaluate_views(blobs, masked)["psnr"] > 60
    assert masked[[0, 1]].weights.shape == (2, *weights.shape[1:])
    settings = RefineSettings(steps=80)
    with_mask, without = (refine(nothing, each, settings, Report(), points) for each in (masked, replace(masked, weights=None)))
    hidden = replace(photos, weights=1 - weights)
    assert evaluate_views(with_mask, hidden)["psnr"] > evaluate_views(without, hidden)["psnr"] + 1
