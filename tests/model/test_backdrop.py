# SPDX-License-Identifier: GPL-3.0-or-later
"""The backdrop: behind everything, in the colors of what is far, and none where backgrounds were removed."""

import pytest
import torch

from tttlrm_blender.gaussians.gaussians import SH_DC
from tttlrm_blender.model.backdrop import BEHIND, backdrop
from tttlrm_blender.model.depth import Views
from tttlrm_blender.model.patches import patches

FAR = 4.0


def views(*colors: float) -> tuple[Views, torch.Tensor]:
    """A photo of a gray object before a background of this color, and the logarithms of its distances patch by patch."""
    images, distance = torch.tensor(colors).expand(1, 48, 64, 3).clone(), torch.full((1, 48, 64), FAR)
    images[:, 16:32, 24:40], distance[:, 16:32, 24:40] = 0.5, 1.0
    return Views(images, torch.eye(4)[None], torch.tensor([[60.0, 60, 32, 24]])), patches(distance.log()[None, ..., None], 8)[0]


def test_it_is_behind_everything_and_reaches_beyond_the_photo() -> None:
    given, distances = views(0.2, 0.4, 0.8)
    found = backdrop(given, distances, 8, terms=4)
    assert (found.means.norm(dim=-1) > 0.99 * BEHIND * FAR).all() and found.sh.shape[1:] == (4, 3)
    places = found.means[:, :2] / found.means[:, 2:] * 60 + torch.tensor([32, 24])
    assert (places.amin(0) < -12).all() and (places.amax(0) > torch.tensor([64 + 12, 48 + 12])).all()


def test_it_has_the_colors_of_what_is_far() -> None:
    colors = backdrop(*views(0.2, 0.4, 0.8), 8).sh[:, 0] * SH_DC + 0.5
    torch.testing.assert_close(colors, torch.tensor([0.2, 0.4, 0.8]).expand_as(colors), atol=0.05, rtol=0)


@pytest.mark.parametrize("size", [(8, 8), (24, 40)])
def test_removed_backgrounds_stay_empty_at_any_size(size: tuple[int, int]) -> None:
    given = Views(torch.ones(2, *size, 3), torch.eye(4).repeat(2, 1, 1), torch.full((2, 4), 20.0))
    assert len(backdrop(given, torch.zeros(2 * size[0] * size[1] // 64, 64), 8)) == 0
