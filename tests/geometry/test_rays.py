# SPDX-License-Identifier: GPL-3.0-or-later
"""Rays go through the centers of pixels."""

import torch

from tttlrm_blender.geometry.rays import camera_rays, pixel_centers, unit_rays, world_rays

SIZE = (16, 24)
LENS = torch.tensor([10.0, 20.0, 12.0, 8.0])
CENTER = torch.tensor([(7.5 - 12) / 10, (5.5 - 8) / 20, 1])  # of the pixel in row 5, column 7


def test_world_rays_start_at_the_camera() -> None:
    c2w = torch.eye(4)
    c2w[:3, 3] = torch.tensor([1.0, 2, 3])
    origins, directions = world_rays(c2w, LENS, *SIZE)
    assert origins.shape == directions.shape == (*SIZE, 3) and origins[5, 7].tolist() == [1, 2, 3]
    torch.testing.assert_close(directions[5, 7], CENTER / CENTER.norm())


def test_rays_in_the_axes_of_the_camera() -> None:
    lenses = torch.stack([LENS, 2 * LENS])
    directions = camera_rays(pixel_centers(*SIZE, LENS), lenses[:, None, None])
    assert directions.shape == (2, *SIZE, 3)
    torch.testing.assert_close(directions[0, 5, 7], CENTER)
    torch.testing.assert_close(unit_rays(LENS, *SIZE)[5, 7], CENTER / CENTER.norm())


def test_world_rays_turn_with_the_camera() -> None:
    c2w = torch.eye(4, dtype=torch.float64)
    c2w[:3, :3] = torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)))[0]
    _, directions = world_rays(c2w, LENS.double(), *SIZE)
    torch.testing.assert_close(directions, unit_rays(LENS.double(), *SIZE) @ c2w[:3, :3].T)
