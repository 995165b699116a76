# SPDX-License-Identifier: GPL-3.0-or-later
"""Up is where level cameras have it, and behind cameras that look straight down."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tttlrm_blender.geometry.up import up_direction

UP = np.array([0.0, 0.0, 1.0])
VIEWS = 16
HEADINGS = {
    "to and fro": 180.0 * (np.arange(VIEWS) % 2),
    "crosswise": 90.0 * (np.arange(VIEWS) % 4),
    "every way": np.random.default_rng(0).uniform(0, 360, VIEWS),
}


def tilted(headings: np.ndarray, pitch: float, spread: float = 0.0) -> np.ndarray:
    """Cameras [V, 4, 4] with headings in degrees, pitched down by an angle in degrees, and shaken by others."""
    chance = np.random.default_rng(1)
    level = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])  # x right, y down, z ahead, which is along +y
    c2w = np.tile(np.eye(4), (len(headings), 1, 1))
    for pose, heading in zip(c2w, headings, strict=True):
        turn = Rotation.from_euler("xz", [-pitch + chance.normal(0, spread), heading], degrees=True).as_matrix()
        pose[:3, :3] = turn @ level @ Rotation.from_euler("z", chance.normal(0, spread), degrees=True).as_matrix()
    return c2w


@pytest.mark.parametrize("headings", HEADINGS.values(), ids=HEADINGS)
@pytest.mark.parametrize("pitch", [75.0, 90.0])
@pytest.mark.parametrize("spread", [0.0, 5.0])
def test_cameras_above_look_away_from_up(headings, pitch, spread):
    assert up_direction(tilted(headings, pitch, spread), []) @ UP > np.cos(np.radians(8))


@pytest.mark.parametrize("pitch", [-60.0, 0.0, 60.0])
def test_cameras_around_are_level(pitch):
    headings = 360 * np.arange(VIEWS) / VIEWS
    np.testing.assert_allclose(up_direction(tilted(headings, pitch), []), UP, atol=1e-9)
