# SPDX-License-Identifier: GPL-3.0-or-later
"""Results are remembered by the values that they were made from."""

import numpy as np
import pytest

from tests.operators.installed import part

pytestmark = pytest.mark.usefixtures("empty_scene")


def test_nothing_is_worked_out_twice_and_nothing_is_mixed_up():
    module, calls = part("scene.remembered"), []

    def scaled_sum(values: np.ndarray, factor: float) -> np.ndarray:
        calls.append(factor)
        return values.sum() * np.array([factor])

    values = np.arange(6.0)
    for _ in range(2):
        assert module.remembered(scaled_sum, values, 2.0) == 30 and module.remembered(scaled_sum, values, 3.0) == 45
    assert calls == [2.0, 3.0]
    values[0] = 1
    assert module.remembered(scaled_sum, values, 2.0) == 32, "other values, though in the same place"
    for factor in range(module.MOST + 1):
        module.remembered(scaled_sum, values, factor + 10.0)
    assert len(module._results) == module.MOST
    count = len(calls)
    module.remembered(scaled_sum, values, 10.0)
    assert len(calls) == count + 1, "the oldest result was forgotten"
