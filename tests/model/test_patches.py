# SPDX-License-Identifier: GPL-3.0-or-later
"""Pixels and patches: one order into the other, and back."""

import torch

from tttlrm_blender.model.patches import patches, pixel_order, unpatched

SIZE = (16, 24)


def test_unpatched_is_the_inverse_of_patches() -> None:
    pictures = torch.rand(2, 3, *SIZE, 3)
    assert unpatched(patches(pictures, 8), SIZE).equal(pictures)


def test_pixel_order_brings_patches_into_rows() -> None:
    values = torch.rand(2, 3, *SIZE, 1)
    assert patches(values, 8).flatten(1)[:, pixel_order(3, SIZE, 8)].equal(values.flatten(1))
