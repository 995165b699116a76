# SPDX-License-Identifier: GPL-3.0-or-later
"""Charts in a square: apart from each other, and close."""

import numpy as np
import pytest

from tttlrm_blender.mesh.face_raster import rasterize_faces
from tttlrm_blender.mesh.packing import highest_scale, pack, place


def triangles(count: int) -> np.ndarray:
    """Triangles of many sizes, counterclockwise, one chart each."""
    random = np.random.default_rng(0)
    flat = random.uniform(size=(count, 3, 2)) * random.uniform(0.05, 1, (count, 1, 1)) ** 2 + random.normal(size=(count, 1, 2))
    mirrored = np.linalg.det(flat[:, 1:] - flat[:, :1]) < 0
    flat[mirrored] = flat[mirrored][:, ::-1]
    return flat


@pytest.mark.parametrize("side", [256, 2048])
def test_charts_are_apart_and_unchanged(side):
    flat, gutter = triangles(80), 2
    corners = pack(flat, np.arange(80), side, gutter, 0.4 * highest_scale(flat, side))
    assert corners.min() >= gutter and corners.max() <= side - gutter
    sides = [np.linalg.norm(each - np.roll(each, 1, axis=1), axis=-1) for each in (flat, corners)]
    np.testing.assert_allclose(sides[1] / sides[0], (sides[1] / sides[0]).mean(), rtol=1e-6)
    assert (np.linalg.det(corners[:, 1:] - corners[:, :1]) > 0).all(), "turned, but not mirrored"
    front, hidden = rasterize_faces(corners, np.zeros((80, 3)), side, side)
    assert not hidden.any()
    for shift in range(1, 2 * gutter):
        for here, there in ((front[:, shift:], front[:, :-shift]), (front[shift:], front[:-shift])):
            assert not ((here >= 0) & (there >= 0) & (here != there)).any()


def test_squares_fill_a_square():
    square = np.array([[[0, 0], [1, 0], [1, 1]], [[0, 0], [1, 1], [0, 1]]])
    shifts = np.random.default_rng(1).normal(size=(64, 1, 1, 2))
    flat = (square + shifts).reshape(-1, 3, 2)
    corners = pack(flat, np.arange(128) // 2, 512, 1, 0.5 * highest_scale(flat, 512))
    assert np.linalg.det(corners[:, 1:] - corners[:, :1]).sum() / 2 > 0.85 * 512**2


def test_what_does_not_fit_is_none():
    assert place(triangles(80), np.arange(80), 64, 2, 1e4) is None
    assert place(triangles(5000), np.arange(5000), 64, 2, 1e-3) is None
