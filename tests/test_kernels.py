# SPDX-License-Identifier: GPL-3.0-or-later
"""How work is shared out over threads."""

import sys
import threading
from collections import Counter

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
