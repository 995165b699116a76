# SPDX-License-Identifier: GPL-3.0-or-later
"""Gradients from single photos."""

from dataclasses import replace

import numpy as np
import torch

from tttlrm_blender.photos.light import even_light
from tttlrm_blender.photos.load import PhotoSet
from tttlrm_blender.protocol.settings import RefineSettings
from tttlrm_blender.refine.parameters import Parameters
from tttlrm_blender.refine.photo_gradients import COARSE, LEAST_SIDE, PhotoGradients

CPU = torch.device("cpu")


def large(photos: PhotoSet) -> PhotoSet:
    """The photos four times as large, with weights."""
    images = photos.images.repeat(4, 1).repeat(4, 2)
    return replace(photos, images=images, weights=np.ones(images.shape[:3], np.float32))


def drawn_size(blobs, photos: PhotoSet, used: float) -> tuple[int, ...]:
    gradients = PhotoGradients(Parameters(blobs, 4.0, CPU), photos, RefineSettings(), even_light(len(photos)))
    return tuple(gradients.backward(0, used, np.zeros(3)).rgb.shape[1:3])


def test_photos_are_halved_at_first(blobs, photos):
    side = 4 * photos.images.shape[1]
    assert side >= LEAST_SIDE
    assert drawn_size(blobs, large(photos), 0.0) == (side // 2, side // 2)
    assert drawn_size(blobs, large(photos), COARSE) == (side, side)


def test_small_photos_are_never_halved(blobs, photos):
    assert drawn_size(blobs, photos, 0.0) == photos.images.shape[1:3]


def test_what_masks_hide_teaches_nothing_at_either_size(blobs, photos):
    hidden = large(photos)
    hidden.weights[:] = 0
    for used in (0.0, 1.0):
        gradients = PhotoGradients(Parameters(blobs, 4.0, CPU), hidden, RefineSettings(), even_light(len(hidden)))
        gradients.backward(0, used, np.zeros(3))
        assert not any(gradients.parameters[name].grad.any() for name in ("means", "dc", "logits"))
