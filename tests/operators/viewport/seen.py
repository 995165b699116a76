# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats for pictures, and the camera that sees them."""

import numpy as np
from mathutils import Matrix

from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.geometry.cameras import Cameras

SIZE = (64, 48)
CAMERA = Cameras(np.array([np.eye(4)]), np.array([[60.0, 62.0, 33.0, 23.0]]), np.array([SIZE]))  # at the origin, along +z
AWAY = Matrix.Translation((0.1, 0.0, 3.0))
KEPT = np.arange(200) % 3 > 0  # what is left of the splats when some are hidden


def random_splats(count=200, degree=3, seed=0):
    rng = np.random.default_rng(seed)
    quats = rng.normal(size=(count, 4))
    quats /= np.linalg.norm(quats, axis=1, keepdims=True)
    scales, opacities = rng.uniform(0.01, 0.2, (count, 3)), rng.uniform(0.05, 1, count)
    arrays = rng.uniform(-0.9, 0.9, (count, 3)), quats, scales, opacities, rng.normal(size=(count, (degree + 1) ** 2, 3)) * 0.3
    return Gaussians(*(array.astype(np.float32) for array in arrays))
