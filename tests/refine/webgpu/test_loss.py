# SPDX-License-Identifier: GPL-3.0-or-later
"""The gradient of the loss on the GPU, against that of torch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.photos.light import Light, even_light
from tttlrm_blender.photos.load import PhotoSet
from tttlrm_blender.protocol.settings import RefineSettings
from tttlrm_blender.refine.depth_prior import LEAST_ALPHA, depth_loss
from tttlrm_blender.refine.known_depth import KnownDepth
from tttlrm_blender.refine.loss import photo_loss_reference
from tttlrm_blender.refine.parameters import Parameters
from tttlrm_blender.refine.photo_gradients import PhotoGradients
from tttlrm_blender.refine.webgpu.loss import PhotoLoss
from tttlrm_blender.refine.webgpu.photos import Photos
from tttlrm_blender.refine.webgpu.programs import ORDER, step_row
from tttlrm_blender.render.rasterize import Rendering
from tttlrm_blender.render.webgpu import Device
from tttlrm_blender.stereo.dense import DenseDepth

BACKGROUND = np.array([0.2, 0.5, 0.9])
DIFFERENT = Light(np.array([[0.1, -0.05, 0.2]], np.float32), -0.3)


def photo_of(size: tuple[int, int], random: np.random.Generator) -> PhotoSet:
    """A photo with saturated pixels, and weights between 0 and 1."""
    width, height = size
    cameras = Cameras(np.eye(4)[None], np.array([[width, width, width / 2, height / 2]]), np.array([size]))
    images = random.random((1, height, width, 3), np.float32)
    images[images > 0.9] = 1
    return PhotoSet(["photo"], images, cameras, weights=random.random((1, height, width), np.float32))


def depth_of(photos: PhotoSet, size: tuple[int, int], random: np.random.Generator) -> KnownDepth:
    """Depth of another size, which is not known everywhere."""
    depth = 1 + random.random((1, size[1], size[0]), np.float32)
    return KnownDepth(DenseDepth(depth, np.zeros((*depth.shape, 3), np.float32), (depth > 1.3) * depth / 2, photos.cameras))


def images_of(size: tuple[int, int], random: np.random.Generator) -> np.ndarray:
    """What a rasterizer may fill its images with: [5, H, W]."""
    images = random.random((5, size[1], size[0]), np.float32)
    images[3] *= 3
    images[4, 0] = LEAST_ALPHA / 2
    return images


def expected(gradients: PhotoGradients, images: np.ndarray) -> np.ndarray:
    """The gradient of images by torch."""
    leaf = torch.tensor(images, requires_grad=True)
    photo, weights = gradients.photo(0, 1.0)
    depth, alpha = (leaf[3] / leaf[4].clamp(min=1e-10))[None], leaf[4][None]
    rgb = leaf[:3].permute(1, 2, 0)[None] + (1 - alpha)[..., None] * torch.tensor(BACKGROUND, dtype=torch.float32)
    lit = gradients._lit(0, rgb, photo) if gradients.light.differs else rgb
    loss = photo_loss_reference(lit, photo, weights)
    if gradients.depth:
        loss = loss + depth_loss(gradients.depth.prior, 0, Rendering(rgb, depth, alpha, leaf, leaf, None))
    loss.backward()
    assert leaf.grad is not None
    return leaf.grad.numpy()


def found(gpu: Device, gradients: PhotoGradients, images: np.ndarray) -> np.ndarray:
    """The gradient of images by the GPU."""
    size = (images.shape[2], images.shape[1])
    loss = PhotoLoss(gpu, size, gradients.light.differs, gradients.depth is not None)
    photo = Photos(gpu, gradients).at(0, 1.0)
    now = gpu.array(step_row(BACKGROUND, size, photo.known.shape[1::-1], dict.fromkeys(ORDER, 1.0), 1, 0))
    drawn = gpu.array(images)
    with gpu.passes() as passes:
        loss.backward(passes, now, drawn, photo)
    return loss.g_images.read()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("light", [even_light(1), DIFFERENT], ids=["even", "different"])
@pytest.mark.parametrize("known", [None, (7, 5), (53, 37), (90, 80)])
def test_gradients_are_those_of_torch(gpu: Device, blobs, weighted: bool, light: Light, known: tuple[int, int] | None) -> None:
    random, size = np.random.default_rng(0), (53, 37)
    photos = photo_of(size, random)
    photos = photos if weighted else replace(photos, weights=None)
    depth = depth_of(photos, known, random) if known else None
    gradients = PhotoGradients(Parameters(blobs, 4.0, torch.device("cpu")), photos, RefineSettings(), light, depth)
    images = images_of(size, random)
    same(found(gpu, gradients, images), expected(gradients, images))


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (16, 16), (17, 15), (300, 20)])
def test_any_size(gpu: Device, blobs, size: tuple[int, int]) -> None:
    random = np.random.default_rng(1)
    photos = photo_of(size, random)
    depth = depth_of(photos, (3, 2), random)
    gradients = PhotoGradients(Parameters(blobs, 4.0, torch.device("cpu")), photos, RefineSettings(), None, depth)
    images = images_of(size, random)
    same(found(gpu, gradients, images), expected(gradients, images))


def same(values: np.ndarray, others: np.ndarray) -> None:
    """As far as 16 bits tell a photo's pixel from the picture's; signs of smaller differences may differ."""
    assert np.isfinite(values).all()
    near = np.abs(values - others) < 1e-3 * np.abs(others).max() + 1e-9
    assert near.mean() > 0.999 or (~near).sum() <= 1


def test_photos_are_sent_once_and_finer_depth_once_more(gpu: Device, blobs) -> None:
    random = np.random.default_rng(2)
    photos = photo_of((300, 200), random)
    depth = depth_of(photos, (30, 20), random)
    gradients = PhotoGradients(Parameters(blobs, 4.0, torch.device("cpu")), photos, RefineSettings(), None, depth)
    sent = Photos(gpu, gradients)

    def bytes_for(pace: float) -> int:
        before = gpu.traffic.up
        sent.at(0, pace)
        return gpu.traffic.up - before

    assert [bytes_for(pace) for pace in (0.0, 0.1, 0.2, 1.0)] == [150 * 100 * 8 + 30 * 20 * 8, 0, 300 * 200 * 8, 0]
    depth._take(depth_of(photos, (60, 40), random).maps)
    assert [bytes_for(1.0), bytes_for(1.0)] == [60 * 40 * 8, 0]
    assert sent.at(0, 1.0).known.shape == (40, 60, 2)
