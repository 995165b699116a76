# SPDX-License-Identifier: GPL-3.0-or-later
"""The fast loss against the plain one, and the measures against scikit-image."""

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from tttlrm_blender.refine.loss import photo_loss, photo_loss_reference
from tttlrm_blender.render.metrics import psnr, ssim, ssim_map


def noisy_pair(views: int, height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Random photos and pictures near them: two [V, H, W, 3]."""
    random = torch.Generator().manual_seed(height * width)
    photo = torch.rand(views, height, width, 3, generator=random)
    return photo + 0.1 * torch.randn(photo.shape, generator=random), photo


def value_and_gradient(loss, picture: torch.Tensor, *others: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    picture = picture.clone().requires_grad_()
    value = loss(picture, *others)
    (3 * value).backward()
    return value.detach(), picture.grad


@pytest.mark.parametrize("size", [(1, 1), (3, 40), (11, 11), (37, 23)])
@pytest.mark.parametrize("views", [1, 3])
def test_loss_and_gradient_equal_the_reference(views, size):
    picture, photo = noisy_pair(views, *size)
    fast, plain = (value_and_gradient(loss, picture, photo) for loss in (photo_loss, photo_loss_reference))
    torch.testing.assert_close(fast[0], plain[0], rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(fast[1], plain[1], rtol=1e-3, atol=1e-4 * plain[1].abs().max().item())


def test_weighted_loss_and_gradient_equal_the_reference():
    picture, photo = noisy_pair(2, 20, 31)
    weights = torch.rand(2, 20, 31, generator=torch.Generator().manual_seed(1)).mul(2).sub(0.5).clamp(0, 1)
    fast, plain = (value_and_gradient(loss, picture, photo, weights) for loss in (photo_loss, photo_loss_reference))
    torch.testing.assert_close(fast[0], plain[0], rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(fast[1], plain[1], rtol=1e-3, atol=1e-4 * plain[1].abs().max().item())


@pytest.mark.parametrize("loss", [photo_loss, photo_loss_reference])
def test_pixels_that_do_not_count_have_no_gradient_and_no_error(loss):
    picture, photo = noisy_pair(1, 30, 20)
    weights = torch.ones(1, 30, 20)
    weights[:, :14] = 0
    gradient = value_and_gradient(loss, picture, photo, weights)[1]
    assert not gradient[:, :14].any() and gradient[:, 14:].all()
    assert loss(picture, photo, torch.zeros_like(weights)).abs() < 1e-5


def test_gradient_of_the_reference_is_that_of_finite_differences():
    picture, photo = (images.double() for images in noisy_pair(1, 4, 5))
    assert torch.autograd.gradcheck(lambda x: photo_loss_reference(x, photo), picture.requires_grad_())


def test_equal_pictures_have_no_loss():
    _, photo = noisy_pair(2, 20, 30)
    value, gradient = value_and_gradient(photo_loss, photo, photo)
    assert abs(value) < 1e-6
    assert gradient.abs().max() < 1e-6


def test_transposed_pictures_are_taken():
    picture, photo = noisy_pair(1, 12, 17)
    views = (images.transpose(1, 2) for images in (picture, photo))
    torch.testing.assert_close(photo_loss(*views), photo_loss(picture, photo))


def test_measures_agree_with_scikit_image():
    picture, photo = noisy_pair(2, 60, 50)
    picture = picture.clamp(0, 1)
    for view in range(2):
        x, y = picture[view].numpy(), photo[view].numpy()
        assert psnr(picture, photo)[view].item() == pytest.approx(peak_signal_noise_ratio(y, x, data_range=1), abs=1e-4)
        inner = (slice(5, -5), slice(5, -5))
        _, expected = structural_similarity(
            x, y, channel_axis=2, data_range=1, gaussian_weights=True, use_sample_covariance=False, full=True
        )
        np.testing.assert_allclose(ssim_map(picture, photo)[view].numpy()[inner], expected[inner], atol=1e-4)
    np.testing.assert_allclose(ssim(picture, photo), ssim_map(picture, photo).flatten(1).mean(1))
