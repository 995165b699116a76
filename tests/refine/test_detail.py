# SPDX-License-Identifier: GPL-3.0-or-later
"""How many splats follow from the detail in photos."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tttlrm_blender.protocol.settings import RefineSettings
from tttlrm_blender.refine import detail
from tttlrm_blender.refine.detail import EVEN, LARGEST, count_leaves, most_splats, splats_for_detail, wanted_splats

CPU, AUTOMATIC = torch.device("cpu"), RefineSettings()


def plain_leaves(image: np.ndarray) -> int:
    """The leaves of a square [S, S, 3]."""
    side = len(image)
    if side == 1 or (image.std((0, 1)) <= EVEN).all():
        return 1
    half = side // 2
    return sum(plain_leaves(image[top : top + half, left : left + half]) for top in (0, half) for left in (0, half))


def test_leaves_are_those_of_the_plain_quadtree() -> None:
    random = np.random.default_rng(0)
    image = np.full((2 * LARGEST, LARGEST, 3), 0.5)
    image[3:9, 5:20] += random.uniform(0, 0.5, (6, 15, 3))
    image[40:, 20:, 1] += 0.1
    wanted = sum(plain_leaves(square) for square in np.split(image, 2))
    assert count_leaves(torch.as_tensor(image)) == wanted > 100


def test_an_even_image_has_the_largest_leaves_and_noise_one_per_pixel() -> None:
    assert count_leaves(torch.full((64, 96, 3), 0.3)) == 6
    assert count_leaves(torch.rand(64, 96, 3, generator=torch.Generator().manual_seed(0))) == 64 * 96


def test_the_border_counts_by_its_share() -> None:
    assert count_leaves(torch.full((48, 32, 3), 0.3)) == round(2 * 48 / 64)


def test_more_photos_and_more_detail_need_more_splats(photos) -> None:
    many = photos[np.arange(80) % len(photos)]
    even = replace(photos, images=np.full_like(photos.images, 0.5))
    assert splats_for_detail(even) < splats_for_detail(photos) < splats_for_detail(many)
    assert splats_for_detail(many) == pytest.approx(splats_for_detail(photos[np.arange(40) % len(photos)]), rel=0.1)


def test_masked_pixels_need_no_splats(photos) -> None:
    weights = np.zeros(photos.images.shape[:3], np.float32)
    assert splats_for_detail(replace(photos, weights=weights)) == len(photos) // 16


def test_splats_fit_into_memory(photos, monkeypatch: pytest.MonkeyPatch) -> None:
    _, height, width, _ = photos.images.shape
    assert most_splats(photos, AUTOMATIC, CPU) == 2 * height * width
    monkeypatch.setattr(detail, "total_memory", {"cpu": 4_000_000, "cuda": 8_000_000}.get)
    assert most_splats(photos, AUTOMATIC, CPU) == 333
    assert most_splats(photos, AUTOMATIC, torch.device("cuda")) == 666
    monkeypatch.setattr(detail, "total_memory", lambda kind: None)
    assert most_splats(photos, AUTOMATIC, CPU) == 2 * height * width


def test_a_limit_replaces_that_of_pixels_and_memory_but_asks_for_no_more_than_the_detail(photos) -> None:
    detailed = splats_for_detail(photos)
    for limit in (1, 10**7):
        assert most_splats(photos, RefineSettings(max_splats=limit), CPU) == limit
        assert wanted_splats(photos, RefineSettings(max_splats=limit), CPU) == min(limit, detailed)
