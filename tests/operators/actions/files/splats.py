# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats for files."""

import numpy as np

from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.geometry.quaternions import normalize

UPRIGHT = np.array([[1.0, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]])  # y down to z up


def some_splats(count: int, degree: int = 2, seed: int = 0) -> Gaussians:
    random = np.random.default_rng(seed)
    arrays = (
        random.normal(size=(count, 3)),
        normalize(random.normal(size=(count, 4))),
        random.uniform(0.01, 0.1, (count, 3)),
        random.uniform(0.1, 0.9, count),
        random.uniform(-0.5, 0.5, (count, (degree + 1) ** 2, 3)),
    )
    return Gaussians(*(array.astype(np.float32) for array in arrays))


def assert_same(read: Gaussians, expected: Gaussians, tolerance: float = 0.0) -> None:
    for name, array in expected.arrays().items():
        np.testing.assert_allclose(getattr(read, name), array, rtol=0, atol=tolerance, err_msg=name)
