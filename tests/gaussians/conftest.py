# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats for the tests of this room."""

from collections.abc import Callable

import numpy as np
import pytest

from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.geometry.quaternions import normalize


def _random_splats(count: int, degree: int = 3, seed: int = 0) -> Gaussians:
    """Splats with values as they occur after training."""
    rng = np.random.default_rng(seed)
    arrays = (
        rng.normal(size=(count, 3)),
        normalize(rng.normal(size=(count, 4))),
        np.exp(rng.normal(-4, 1, size=(count, 3))),
        rng.uniform(0.01, 0.99, size=count),
        rng.uniform(-0.9, 0.9, size=(count, (degree + 1) ** 2, 3)),
    )
    return Gaussians(*(array.astype(np.float32) for array in arrays))


@pytest.fixture(scope="session")
def random_splats() -> Callable[..., Gaussians]:
    """The function that makes `count` splats."""
    return _random_splats
