# SPDX-License-Identifier: GPL-3.0-or-later
"""The light of photos of a painted wall, changed from photo to photo, is measured and evened out."""

from dataclasses import replace

import numpy as np
import pytest

from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.photos.light import TOE, even_light, evened, measured_light
from tttlrm_blender.photos.load import PhotoSet

VIEWS, WIDTH, HEIGHT, FOCAL, DISTANCE = 16, 48, 40, 40.0, 3.0


def wall(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The colors [..., 3] of a wall at z = 0."""
    waves = [np.sin(2.1 * x + 0.7 * y), np.cos(1.3 * x - 1.9 * y), np.sin(0.8 * x + 2.3 * y + 1)]
    return 0.45 + 0.15 * np.stack(waves, -1)


@pytest.fixture(scope="module")
def photos() -> PhotoSet:
    """Photos of the wall, from a path along it."""
    c2w = np.tile(np.eye(4), (VIEWS, 1, 1))
    c2w[:, :3, 3] = np.stack([np.linspace(-2, 2, VIEWS), 0.3 * np.sin(np.arange(VIEWS)), np.full(VIEWS, -DISTANCE)], 1)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    rays = np.stack([columns - WIDTH / 2, rows - HEIGHT / 2], -1) * DISTANCE / FOCAL
    places = rays + c2w[:, None, None, :2, 3]
    intrinsics = np.tile([FOCAL, FOCAL, WIDTH / 2, HEIGHT / 2], (VIEWS, 1))
    cameras = Cameras(c2w, intrinsics, np.tile([WIDTH, HEIGHT], (VIEWS, 1)))
    names = [f"{view}.png" for view in range(VIEWS)]
    return PhotoSet(names, wall(places[..., 0], places[..., 1]).astype(np.float32), cameras)


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    """Points of the wall."""
    random = np.random.default_rng(0)
    return np.concatenate([random.uniform([-4, -2], [4, 2], (1500, 2)), np.zeros((1500, 1))], 1)


def changed(photos: PhotoSet, factors: np.ndarray) -> PhotoSet:
    """The photos in other light; the factors [V or 1, H or 1, W or 1, 3 or 1] are those of color + TOE."""
    images = ((photos.images + TOE) * factors - TOE).clip(0, 1)
    return replace(photos, images=images.astype(np.float32))


def jumps() -> np.ndarray:
    """Changes of exposure and white balance [V, 3] without order, as logarithms with a mean of zero."""
    random = np.random.default_rng(2)
    found = random.uniform(-0.25, 0.25, (VIEWS, 1)) + random.uniform(-0.05, 0.05, (VIEWS, 3))
    return found - found.mean(0)


def falling(depth: float) -> np.ndarray:
    """Vignetting by this natural logarithm at the corners: [1, H, W, 1]."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    squares = ((columns - WIDTH / 2) ** 2 + (rows - HEIGHT / 2) ** 2) / (WIDTH**2 / 4 + HEIGHT**2 / 4)
    return np.exp(-depth * squares)[None, ..., None]


def test_photos_in_the_same_light_are_left_alone(photos, points) -> None:
    light = measured_light(photos, points)
    assert not light.differs
    assert evened(photos, light) is photos


def test_light_that_jumps_is_measured(photos, points) -> None:
    light = measured_light(changed(photos, np.exp(jumps())[:, None, None]), points)
    np.testing.assert_allclose(light.gains, jumps(), atol=0.04)
    assert np.corrcoef(light.gains.ravel(), jumps().ravel())[0, 1] > 0.99
    assert light.falloff == 0


def test_light_that_changes_slowly_along_the_path_is_left_alone(photos, points) -> None:
    slowly = 0.25 * np.sin(np.linspace(-2, 2, VIEWS))[:, None, None, None]
    assert not measured_light(changed(photos, np.exp(slowly)), points).differs


def test_only_what_jumps_is_taken_from_light_that_changes_slowly_too(photos, points) -> None:
    slowly, jump = 0.25 * np.sin(np.linspace(-2, 2, VIEWS)), np.zeros(VIEWS)
    jump[[2, 7, 12]] = [0.3, -0.3, 0.3]
    light = measured_light(changed(photos, np.exp(slowly + jump)[:, None, None, None]), points)
    np.testing.assert_allclose(light.gains - jump[:, None], 0, atol=0.12)


def test_few_photos_that_differ_are_left_alone_as_nothing_tells_jumps_from_slow_changes(photos, points) -> None:
    few = np.arange(0, VIEWS, 3)
    assert not measured_light(changed(photos, np.exp(jumps())[:, None, None])[few], points).differs


def test_dark_corners_are_measured_and_evened(photos, points) -> None:
    dark = changed(photos, falling(0.2))
    light = measured_light(dark, points)
    assert light.falloff == pytest.approx(-0.2, abs=0.02) and not light.gains.any()
    found = evened(dark, light).images + TOE
    ratio = found / (photos.images + TOE)
    np.testing.assert_allclose(ratio, ratio.mean(), rtol=0.03)


def test_evened_photos_have_the_typical_light(photos, points) -> None:
    found = evened(spoiled := changed(photos, np.exp(jumps())[:, None, None]), measured_light(spoiled, points))
    before, after = (np.abs(images - photos.images).mean() for images in (spoiled.images, found.images))
    assert after < 0.2 * before
    assert found.images.mean() == pytest.approx(photos.images.mean(), rel=0.02)


def test_masked_saturated_and_hidden_points_do_not_count(photos, points) -> None:
    spoiled = changed(photos, np.exp(jumps())[:, None, None])
    expected = measured_light(spoiled, points).gains
    images, weights = spoiled.images.copy(), np.ones(spoiled.images.shape[:3], np.float32)
    images[::2, :12], weights[::2, :12] = 0.4, 0
    images[1::2, -6:] = 1
    behind = points * [1.5, 1.5, 1] + [0, 0, 1.5]
    found = measured_light(replace(spoiled, images=images, weights=weights), np.concatenate([points, behind])).gains
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_without_points_light_is_even(photos, points) -> None:
    for none in (points[:0], points - [0, 0, 9], points[:1] + 99):
        assert not measured_light(photos, none).differs
    assert not even_light(3).differs
    assert not measured_light(photos[[0, 1]], points).differs


def test_factors_are_one_on_average_over_a_photo(photos) -> None:
    light = replace(even_light(VIEWS), falloff=-0.3)
    rows, columns = light.factors(0, photos.cameras[[0]], (24, 20))
    factors = rows * columns
    assert factors.shape == (20, 24, 3) and factors.dtype == np.float32
    assert np.log(factors).mean() == pytest.approx(0, abs=1e-6)
    assert factors[0, 0, 0] == factors[-1, -1, 2] < factors[10, 12, 0]
