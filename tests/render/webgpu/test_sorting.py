# SPDX-License-Identifier: GPL-3.0-or-later
"""Prefix sums and sorting against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from tttlrm_blender.render.webgpu import Device
from tttlrm_blender.render.webgpu.sorting import Scan, Sort


@pytest.mark.parametrize("count", [1, 5, 1024, 1025, 70_000, 300_000])
def test_prefix_sums(gpu: Device, count: int) -> None:
    numbers = np.random.default_rng(0).integers(0, 9, count).astype(np.uint32)
    values, total = gpu.array(numbers), gpu.empty((1,), np.uint32)
    with gpu.passes() as passes:
        Scan(gpu, count).run(passes, values, total)
    np.testing.assert_array_equal(values.read(), np.cumsum(numbers) - numbers)
    assert total.read()[0] == numbers.sum()


def test_sums_that_are_too_large_stay_at_the_largest(gpu: Device) -> None:
    values, total = gpu.array(np.full(3000, 1 << 30, np.uint32)), gpu.empty((1,), np.uint32)
    with gpu.passes() as passes:
        Scan(gpu, 3000).run(passes, values, total)
    assert total.read()[0] == 0xFFFFFFFF


@pytest.mark.parametrize("bits", [0, 7, 8, 13, 20, 32])
@pytest.mark.parametrize("count", [1, 300, 4096, 20_000])
def test_stable_sort(gpu: Device, bits: int, count: int) -> None:
    keys = np.random.default_rng(0).integers(0, min(1 << bits, 5000), count).astype(np.uint32) << np.uint32(max(bits - 13, 0))
    sort = Sort(gpu, count, bits)
    sort.keys.write(keys)
    sort.values.write(np.arange(count, dtype=np.uint32))
    with gpu.passes() as passes:
        sort.run(passes, gpu.array(np.array([count], np.uint32)))
    order = np.argsort(keys, kind="stable")
    np.testing.assert_array_equal(sort.sorted_keys.read(), keys[order])
    np.testing.assert_array_equal(sort.sorted_values.read(), order)


def test_only_as_many_as_there_are_are_sorted(gpu: Device) -> None:
    sort = Sort(gpu, 10, 8)
    sort.keys.write(np.array([3, 1, 2, 0, 0, 0, 0, 0, 0, 0], np.uint32))
    sort.values.write(np.arange(10, dtype=np.uint32))
    with gpu.passes() as passes:
        sort.run(passes, gpu.array(np.array([3], np.uint32)))
    assert sort.sorted_keys.read()[:3].tolist() == [1, 2, 3]
    assert sort.sorted_values.read()[:3].tolist() == [1, 2, 0]
