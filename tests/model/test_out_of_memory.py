# SPDX-License-Identifier: GPL-3.0-or-later
"""Running out of memory: smaller slices, then an error. With real limits: test_limited_memory.py."""

import weakref

import pytest
import torch

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.model.out_of_memory import Need, in_slices, room

CPU = torch.device("cpu")
NEED = Need("read", 64, (256, 320), 1 << 20, 1 << 20, CPU)


class Worker:
    """Work that has memory for slices up to a size."""

    def __init__(self, enough: int, error: BaseException | None = None) -> None:
        self.enough, self.tried, self.error = enough, [], error or MemoryError()
        self.held: list[weakref.ref] = []

    def __call__(self, size: int) -> int:
        assert not any(ref() is not None for ref in self.held), "what a try had is gone before the next one"
        tensor = torch.zeros(3)
        self.held.append(weakref.ref(tensor))
        self.tried.append(size)
        if size > self.enough:
            raise type(self.error)(*self.error.args)  # a new one, for it holds on to where it was raised
        return size


@pytest.mark.slow
@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB."),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:117] . DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 B"
        ),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    ],
)
def test_slices_are_halved_until_memory_suffices(error):
    work = Worker(300, error)
    assert in_slices(work, 4096, 256, NEED) == 256 and work.tried == [4096, 2048, 1024, 512, 256]
    work = Worker(4096, error)
    assert in_slices(work, 4096, 256, NEED) == 4096


@pytest.mark.slow
def test_the_smallest_slice_is_tried_once():
    work = Worker(0)
    with pytest.raises(TttlrmError) as caught:
        in_slices(work, 1000, 300, NEED)
    assert work.tried == [1000, 500, 300] and caught.value.code == "out_of_memory"
    work = Worker(0)
    with pytest.raises(TttlrmError):
        in_slices(work, 100, 300, NEED)
    assert work.tried == [100]


@pytest.mark.parametrize("error", [ValueError("out of memory"), RuntimeError("shapes"), KeyboardInterrupt()])
def test_other_errors_are_not_retried(error):
    work = Worker(0, error)
    with pytest.raises(type(error)):
        in_slices(work, 4096, 256, NEED)
    assert work.tried == [4096]


@pytest.mark.parametrize(
    ("free", "words"),
    [
        (33, "About 25 photos of this size or 64 of 201×161 pixels would fit."),
        (3, "About 64 of 47×37 pixels would fit."),
        (0, "not even two of these photos, or smaller ones, would fit"),
    ],
)
def test_the_hint_says_what_would_fit(monkeypatch, free, words):
    monkeypatch.setattr("tttlrm_blender.model.out_of_memory.room", lambda device, most: free << 20)
    error = NEED.error()
    assert (
        "reading 64 photos of 320×256 pixels takes about 65 MiB" in error.sentence
        and f"{free} MiB is available" in error.sentence
    )
    assert words in error.hint


def test_there_is_room_for_a_little():
    assert room(CPU, 1 << 20) > 0.98 * (1 << 20)
