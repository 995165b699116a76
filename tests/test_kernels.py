# SPDX-License-Identifier: GPL-3.0-or-later
"""How kernels are compiled, and how work is shared out over threads."""

import os
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest
import torch

from tttlrm_blender.kernels import spread, torch_in_order


@pytest.fixture
def two_threads():
    """Torch with two threads, which are its own again afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("count", [0, 1, 5, 1000])
def test_every_element_is_worked_on_once(two_threads, count: int) -> None:
    before, seen = sys.getswitchinterval(), Counter()
    lock = threading.Lock()

    def run(start: int, stop: int) -> None:
        with lock:
            seen.update(range(start, stop))

    sys.setswitchinterval(1e-6)
    try:
        spread(run, count, pieces=100)
    finally:
        sys.setswitchinterval(before)
    assert seen == Counter(range(count))


def test_torch_works_alone_and_kernels_go_on_with_all_threads(two_threads) -> None:
    together = threading.Barrier(2, timeout=60)
    with torch_in_order(), torch_in_order():
        assert torch.get_num_threads() == 1
        spread(lambda start, stop: together.wait(), 2)
    assert torch.get_num_threads() == 2


def test_torch_gets_its_threads_back_whatever_happens(two_threads) -> None:
    with pytest.raises(ValueError), torch_in_order():
        raise ValueError
    assert torch.get_num_threads() == 2


CALLS_ANOTHER_KERNEL = """
import torch
from tttlrm_blender.stereo.semi_global import aggregate
costs = torch.rand(24, 24, 32, generator=torch.Generator().manual_seed(1))
print(aggregate(costs, 0.1, 0.3).numpy().tobytes().hex())
"""


def test_kernels_find_the_same_whether_they_were_compiled_or_kept(tmp_path: Path) -> None:
    def found() -> str:
        command, environment = [sys.executable, "-c", CALLS_ANOTHER_KERNEL], {"NUMBA_CACHE_DIR": str(tmp_path)}
        return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=True).stdout

    compiled = found()
    assert list(tmp_path.rglob("*.nbc"))
    assert found() == compiled
