# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos of different exposures give the same splats, and masked pixels do not count."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tttlrm_blender.photos.load import PhotoSet
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import RefineSettings
from tttlrm_blender.refine.exposure import Exposures
from tttlrm_blender.refine.optimize import refine
from tttlrm_blender.render.metrics import evaluate_views, exposure_map, with_exposure
from tttlrm_blender.render.rasterize import rasterize

from .conftest import SIZE, ring


def metered(photos: PhotoSet, stops: float = 1.0, seed: int = 0) -> PhotoSet:
    """The photos as if each had been metered for itself; their mean exposure is the same."""
    change = np.random.default_rng(seed).uniform(-stops, stops, len(photos))
    factor = 2 ** ((change - change.mean()) / 2.2)
    return replace(photos, images=(photos.images * factor[:, None, None, None]).clip(0, 1).astype(np.float32))


@pytest.mark.slow
def test_exposures_are_learned_and_the_scene_keeps_its_own(blobs, nothing, points) -> None:
    with torch.no_grad():
        images = rasterize(blobs.map(torch.as_tensor), ring(32), (SIZE, SIZE)).rgb.clamp(0, 1).numpy()
    photos = PhotoSet([f"{view}.png" for view in range(32)], images, ring(32))
    changed = metered(photos)
    plain, exposed = (
        refine(nothing, changed, RefineSettings(steps=150, exposure=on, sh_degree=0), Report(), points) for on in (False, True)
    )
    assert evaluate_views(exposed, photos, exposure=True)["psnr"] > evaluate_views(plain, photos, exposure=True)["psnr"] + 0.5


def test_maps_are_found_and_their_mean_is_none(blobs, photos) -> None:
    """Affine color maps are recovered from changed photos, up to their mean."""
    random = np.random.default_rng(3)
    maps = np.eye(4, 3) + random.normal(0, 0.05, (len(photos), 4, 3))
    changed = np.einsum("vhwi,vij->vhwj", photos.images * 0.5 + 0.2, maps[:, :3]) + maps[:, None, None, 3]
    exposures = Exposures(replace(photos, images=changed.astype(np.float32)), torch.device("cpu"))
    exposures.follow(blobs.map(torch.as_tensor), 1.0)
    torch.testing.assert_close(exposures.maps.mean(0), torch.eye(4, 3), atol=1e-5, rtol=0)
    picture = torch.as_tensor(photos.images[:1] * 0.5 + 0.2)
    common = torch.tensor(maps.mean(0), dtype=torch.float32)
    expected, found = with_exposure(picture, torch.tensor(maps[0]).float()), exposures.apply(0, picture, torch.zeros(1, 1, 1, 3))
    error, before = ((each - expected).abs().mean() for each in (with_exposure(found, common), picture))
    assert error < 0.25 * before


def test_saturated_pixels_do_not_pull_brighter_pictures_down(photos) -> None:
    exposures = Exposures(photos, torch.device("cpu"))
    picture, photo = torch.tensor([[[[1.3, 0.4, 0.5]]]]), torch.tensor([[[[1.0, 0.2, 0.6]]]])
    torch.testing.assert_close(exposures.apply(0, picture, photo), torch.tensor([[[[1.0, 0.4, 0.5]]]]))


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
