# SPDX-License-Identifier: GPL-3.0-or-later
"""What an installation downloads is known for every build that can be chosen."""

import pytest

from tttlrm_blender.setup.machine import CUDA, ROCM, SUPPORTED, Gpu, Machine, choose_build
from tttlrm_blender.setup.size import megabytes

CARDS = [(Gpu(driver, oldest),) for driver, oldest, _, _ in CUDA]


@pytest.mark.parametrize(("system", "processor"), sorted(SUPPORTED))
@pytest.mark.parametrize("gpus", [(), *CARDS])
def test_every_build_has_a_size(system: str, processor: str, gpus: tuple[Gpu, ...]):
    machine = Machine(system, processor, gpus)
    assert 100 < megabytes(system, choose_build(machine, "cpu")) <= megabytes(system, choose_build(machine)) < 10_000


def test_sizes_are_told_in_two_digits():
    assert megabytes("Linux", choose_build(Machine("Linux", "x86_64"))) == 460
    assert megabytes("Linux", choose_build(Machine("Linux", "x86_64", CARDS[0]))) == 3000
    assert megabytes("Linux", choose_build(Machine("Linux", "x86_64", rocm=True))) > 5000 and ROCM
