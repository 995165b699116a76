# SPDX-License-Identifier: GPL-3.0-or-later
"""Textures: colors in range, mostly with something to see, with and without photographs."""

import pytest
import torch

from tttlrm_blender.train import atlas, textures
from tttlrm_blender.train.sampling import generator_for
from tttlrm_blender.train.textures import CHANCES, PHOTO, PLAIN, color, sample_textures


def test_colors_are_in_range_and_most_surfaces_have_contrast() -> None:
    generator, count = generator_for(0, 0), 200
    drawn = sample_textures(generator, torch.full((count,), 0.3), torch.full((count,), 0.02))
    points = torch.rand(3, 500, generator=generator) - 0.5
    seen = torch.stack([color(drawn.at(k), points, points[:2]) for k in range(count)])
    assert seen.min() >= 0 and seen.max() <= 1 and seen.isfinite().all()
    assert (seen.std(2).amax(1) > 0.03).float().mean() > 0.6
    assert set(drawn.pattern.tolist()) == set(range(len(CHANCES))) and sum(CHANCES) == pytest.approx(1)
    assert (drawn.pattern == PLAIN).float().mean() < 0.25


def test_a_computer_without_photographs_has_clouds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(textures, "photos", lambda: torch.zeros(0, 3, atlas.SIDE, atlas.SIDE))
    drawn = sample_textures(generator_for(0, 0), torch.ones(100), torch.full((100,), 0.02))
    assert (drawn.pattern == PHOTO).any()
    assert (drawn.picture[drawn.pattern == PHOTO] < atlas.CLOUDS).all()


def test_pictures_are_mirrored_beyond_their_edges_and_keep_their_mean_when_coarse() -> None:
    assert len(atlas.photos()) > 0
    uv = torch.rand(2, 50, generator=generator_for(0, 0))
    torch.testing.assert_close(atlas.look_up(3, 0, uv), atlas.look_up(3, 0, torch.stack([2 - uv[0], -uv[1]])), atol=1e-3, rtol=0)
    sheets = atlas.atlas("cpu")
    assert all(sheet.min() >= 0 and sheet.max() <= 1 for sheet in sheets)
    torch.testing.assert_close(sheets[-1].mean((2, 3)), sheets[0].mean((2, 3)))
