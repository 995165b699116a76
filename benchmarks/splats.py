# SPDX-License-Identifier: GPL-3.0-or-later
"""Made-up splats for the benchmarks."""

from __future__ import annotations

import numpy as np

from tttlrm_blender.gaussians.gaussians import Gaussians


def on_a_sphere(count: int) -> Gaussians:
    """Random splats of SH degree 3 near a unit sphere, like those on the surfaces of a scene."""
    random = np.random.default_rng(0)
    means, quats = random.normal(size=(count, 3)), random.normal(size=(count, 4))
    means *= (1 + 0.02 * random.normal(size=(count, 1))) / np.linalg.norm(means, axis=1, keepdims=True)
    quats /= np.linalg.norm(quats, axis=1, keepdims=True)
    scales, opacities = random.uniform(0.001, 0.02, (count, 3)), random.uniform(size=count)
    arrays = (means, quats, scales, opacities, random.normal(size=(count, 16, 3)) * 0.2)
    return Gaussians(*(array.astype(np.float32) for array in arrays))
