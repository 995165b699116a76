# SPDX-License-Identifier: GPL-3.0-or-later
"""Masks against plain conditions on every point."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.gaussians import select
from tttlrm_blender.gaussians.gaussians import SH_DC

seeds = st.integers(0, 10_000)


def cloud(seed: int, count: int = 300) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 3)).astype(np.float32)


def affine(seed: int) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.random(rng=seed).as_matrix() @ np.diag([0.5, 1.0, 2.0])
    matrix[:3, 3] = [0.1, -0.2, 0.3]
    return matrix


@pytest.mark.parametrize(
    ("mode", "expected"), [("SET", [0, 1, 0, 1]), ("ADD", [0, 1, 1, 1]), ("SUB", [0, 0, 1, 0]), ("AND", [0, 0, 0, 1])]
)
def test_new_masks_combine_with_the_selection(mode, expected):
    before, found = np.array([0, 0, 1, 1], dtype=bool), np.array([0, 1, 0, 1], dtype=bool)
    np.testing.assert_array_equal(select.COMBINED[mode](before, found), np.array(expected, dtype=bool))


@settings(max_examples=25)
@given(seeds)
def test_boxes_and_balls_move_with_their_points(seed):
    matrix = affine(seed)
    inner = cloud(seed)
    moved = inner @ matrix[:3, :3].T + matrix[:3, 3]
    clear = (np.abs(np.abs(inner) - 1) > 1e-4).all(axis=1) & (np.abs(np.linalg.norm(inner, axis=1) - 1) > 1e-4)
    np.testing.assert_array_equal(select.in_box(moved, matrix)[clear], (np.abs(inner) <= 1).all(axis=1)[clear])
    np.testing.assert_array_equal(select.in_ball(moved, matrix)[clear], (np.linalg.norm(inner, axis=1) <= 1)[clear])


def test_flat_volumes_are_refused():
    for inside in (select.in_box, select.in_ball):
        with pytest.raises(TttlrmError, match="flat"):
            inside(cloud(0), np.diag([1.0, 0, 1, 1]))


def test_colors_are_compared_by_their_largest_difference():
    colors = np.array([[0.5, 0.5, 0.5], [0.59, 0.5, 0.41], [0.5, 0.5, 0.61]])
    base = ((colors - 0.5) / SH_DC).astype(np.float32)
    np.testing.assert_allclose(select.base_colors(base), colors, atol=1e-6)
    np.testing.assert_array_equal(select.like(select.base_colors(base), np.full(3, 0.5), 0.1), [True, True, False])


def test_bright_splats_count_as_white():
    assert select.base_colors(np.full((1, 3), 5.0, dtype=np.float32)).tolist() == [[1, 1, 1]]


def test_pixels_are_counted_from_the_lower_left_and_nothing_is_seen_behind_the_eye():
    matrix = np.array([[1.0, 0, 0, 0], [0, 2, 0, 0], [0, 0, 1, 0], [0, 0, -1, 0]])  # looks along −z
    points = np.array([[0, 0, -1], [1, 0.5, -1], [2, 0, -4], [0, 0, 1]], dtype=np.float32)
    pixels = select.to_pixels(points, matrix, (200, 100))
    np.testing.assert_allclose(pixels[:3], [[100, 50], [200, 100], [150, 50]])
    assert np.isnan(pixels[3]).all()
    np.testing.assert_array_equal(select.in_rectangle(pixels, (90, 0), (160, 60)), [True, False, True, False])
    np.testing.assert_array_equal(select.in_circle(pixels, (100, 50), 50), [True, False, True, False])


def crossings(x: float, y: float, corners: np.ndarray) -> int:
    """How often a ray to the right of a pixel crosses a closed outline."""
    edges = list(zip(corners, [*corners[1:], corners[0]], strict=True))
    return sum((y0 <= y) != (y1 <= y) and x < x0 + (y - y0) * (x1 - x0) / (y1 - y0) for (x0, y0), (x1, y1) in edges)


@settings(max_examples=40)
@given(seeds, st.integers(3, 12))
def test_an_outline_contains_what_it_goes_around_an_odd_number_of_times(seed, count):
    chance = np.random.default_rng(seed)
    pixels, corners = chance.uniform(0, 100, (200, 2)).astype(np.float32), chance.integers(0, 100, (count, 2))
    pixels[0] = np.nan
    expected = [crossings(x, y, corners) % 2 == 1 for x, y in pixels.astype(float)]
    np.testing.assert_array_equal(select.in_outline(pixels, corners), expected)


def test_a_point_or_a_line_goes_around_nothing():
    pixels = np.zeros((3, 2), dtype=np.float32)
    for corners in ([], [[0, 0]], [[0, 0], [1, 1]]):
        assert not select.in_outline(pixels, np.array(corners).reshape(-1, 2)).any()
