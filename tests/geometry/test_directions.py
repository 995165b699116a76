# SPDX-License-Identifier: GPL-3.0-or-later
"""Directions in space."""

import numpy as np

from tttlrm_blender.geometry.directions import all_around


def test_directions_are_even():
    directions = all_around(96)
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1)
    np.testing.assert_allclose(directions.T @ directions / 96, np.eye(3) / 3, atol=0.01)
    cosines = directions @ directions.T - 2 * np.eye(96)
    assert np.degrees(np.arccos(cosines.max(axis=1))).min() > 10 and np.abs(directions.mean(axis=0)).max() < 0.01
