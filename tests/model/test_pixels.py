# SPDX-License-Identifier: GPL-3.0-or-later
"""Pixels and patches: one order into the other, and back."""

import torch

from tttlrm_blender.model.pixels import patches, pixel_order, rays, unpatched

SIZE = (16, 24)


def test_unpatched_is_the_inverse_of_patches() -> None:
    pictures = torch.rand(2, 3, *SIZE, 3)
    assert unpatched(patches(pictures, 8), SIZE).equal(pictures)


def test_pixel_order_brings_patches_into_rows() -> None:
    values = torch.rand(2, 3, *SIZE, 1)
    assert patches(values, 8).flatten(1)[:, pixel_order(3, SIZE, 8)].equal(values.flatten(1))


def test_rays_pass_through_pixel_centres() -> None:
    c2w = torch.eye(4)
    c2w[:3, 3] = torch.tensor([1.0, 2, 3])
    origins, directions = rays(c2w, torch.tensor([10.0, 20.0, 12.0, 8.0]), *SIZE)
    assert origins.shape == directions.shape == (*SIZE, 3) and origins[5, 7].tolist() == [1, 2, 3]
    expected = torch.tensor([(7.5 - 12) / 10, (5.5 - 8) / 20, 1])
    torch.testing.assert_close(directions[5, 7], expected / expected.norm())
