# SPDX-License-Identifier: GPL-3.0-or-later
"""Removal of splats that no photo would miss."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tttlrm_blender.gaussians.gaussians import Gaussians, merge
from tttlrm_blender.photos.load import PhotoSet
from tttlrm_blender.refine.contribution import contributions, needed
from tttlrm_blender.render.metrics import evaluate_psnr
from tttlrm_blender.render.rasterize import rasterize


@pytest.fixture(scope="module")
def useless(blobs) -> Gaussians:
    """A splat above all photos, one too faint to be drawn, and one below."""
    faint = replace(blobs[:3], opacities=np.array([0.9, 0.001, 0.9], np.float32), scales=np.full((3, 3), 0.01, np.float32))
    return replace(faint, means=np.array([[0, -30, 0], [2, 0, 0], [0, 30, 0]], np.float32))


def test_contributions_add_up_to_what_is_opaque(blobs: Gaussians, photos: PhotoSet):
    opaque = rasterize(blobs.map(torch.as_tensor), photos.cameras, photos.images.shape[2:0:-1]).alpha.sum().item()
    assert contributions(blobs, photos).sum() == pytest.approx(opaque, rel=1e-4)


def test_masked_pixels_do_not_count(blobs: Gaussians, photos: PhotoSet):
    half = np.ones(photos.images.shape[:3], np.float32)
    half[:, :, ::2] = 0
    masked = contributions(blobs, replace(photos, weights=half))
    assert masked.sum() == pytest.approx(contributions(blobs, photos).sum() / 2, rel=0.02)
    assert not needed(blobs, replace(photos, weights=0 * half)).any()


def test_useless_splats_are_told_from_others(blobs: Gaussians, photos: PhotoSet, useless: Gaussians):
    all_of_them = merge([blobs, useless])
    keep = needed(all_of_them, photos)
    assert not keep[-len(useless) :].any() and keep.any()
    assert evaluate_psnr(all_of_them[keep], photos) == pytest.approx(evaluate_psnr(all_of_them, photos), abs=0.1)


def test_no_splats(nothing: Gaussians, photos: PhotoSet):
    assert contributions(nothing, photos).shape == (0,)


def test_of_too_many_those_are_kept_that_fill_most(blobs: Gaussians, photos: PhotoSet):
    filled = contributions(blobs, photos)
    keep = needed(blobs, photos, most=5)
    assert keep.sum() == 5 and filled[keep].min() >= filled[~keep].max()
    assert np.array_equal(needed(blobs, photos, most=len(blobs)), needed(blobs, photos))
