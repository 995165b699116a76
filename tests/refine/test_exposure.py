# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos of different exposures give the same splats, and masked pixels do not count."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tttlrm_blender.photos.light import TOE, Light, even_light
from tttlrm_blender.photos.load import PhotoSet
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import RefineSettings
from tttlrm_blender.refine.optimize import refine
from tttlrm_blender.refine.parameters import Parameters
from tttlrm_blender.refine.photo_gradients import PhotoGradients
from tttlrm_blender.render.metrics import evaluate_views, exposure_map, with_exposure
from tttlrm_blender.render.rasterize import rasterize

from .conftest import SIZE, ring


def metered(photos: PhotoSet, stops: float = 1.0, seed: int = 0) -> PhotoSet:
    """The photos as if each had been metered for itself; their mean exposure is the same."""
    change = np.random.default_rng(seed).uniform(-stops, stops, len(photos))
    factor = 2 ** ((change - change.mean()) / 2.2)
    return replace(photos, images=(photos.images * factor[:, None, None, None]).clip(0, 1).astype(np.float32))


@pytest.mark.slow
def test_photos_of_different_exposures_give_the_same_splats(blobs, nothing, points) -> None:
    with torch.no_grad():
        images = rasterize(blobs.map(torch.as_tensor), ring(32), (SIZE, SIZE)).rgb.clamp(0, 1).numpy()
    photos = PhotoSet([f"{view}.png" for view in range(32)], images, ring(32))
    changed = metered(photos)
    plain, even = (
        refine(nothing, changed, RefineSettings(steps=150, exposure=on, sh_degree=0), Report(), points) for on in (False, True)
    )
    assert evaluate_views(even, photos)["psnr"] > evaluate_views(plain, photos)["psnr"] + 0.5


def test_splats_are_lit_as_their_photo(blobs, photos) -> None:
    """The loss of a picture has no gradient where it differs from its photo by its light alone, or by saturation."""
    light = Light(np.full((len(photos), 3), 0.2, np.float32), 0.0)
    images = ((photos.images + TOE) * np.exp(0.2) - TOE).clip(0, 1).astype(np.float32)
    for known, least in ((light, 0.0), (even_light(len(photos)), 1e-4)):
        parameters = Parameters(blobs, 1.0, torch.device("cpu"))
        gradients = PhotoGradients(parameters, replace(photos, images=images), RefineSettings(), known)
        gradients.backward(0, 1.0, np.zeros(3))
        found = parameters["dc"].grad.abs().max()
        assert least <= found and (least or found < 1e-5)


def test_a_fitted_picture_has_the_exposure_of_its_photo() -> None:
    picture = torch.rand(6, 5, 3, generator=torch.Generator().manual_seed(0))
    exposure = torch.tensor([[0.6, 0.1, 0.0], [0.0, 0.7, 0.1], [0.0, 0.0, 0.5], [0.1, 0.1, 0.1]])
    photo = with_exposure(picture, exposure)
    torch.testing.assert_close(exposure_map(picture, photo), exposure, atol=1e-4, rtol=0)
    spoiled, weights = photo.clone(), torch.ones(6, 5)
    spoiled[:2], weights[:2] = 1, 0
    torch.testing.assert_close(exposure_map(picture, spoiled, weights), exposure, atol=1e-4, rtol=0)


def test_a_flat_picture_is_fitted_too() -> None:
    picture, photo = torch.zeros(4, 4, 3), torch.full((4, 4, 3), 0.3)
    torch.testing.assert_close(with_exposure(picture, exposure_map(picture, photo)), photo, atol=1e-4, rtol=0)


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
