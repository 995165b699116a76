# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of the model with little memory, against the same with enough: a program, because limits are per process.

python -m tests.model.limited_memory encode|extend|decode|"nothing fits" [--device cuda]

On a CPU with OMP_NUM_THREADS=1 and MALLOC_MMAP_THRESHOLD_=65536 in the environment: otherwise threads and what malloc keeps of
freed memory decide where the limit meets the work.
"""

import argparse
import logging
import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np
import torch

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.model.config import Config
from tttlrm_blender.model.memory import SceneMemory, encode, read_splats
from tttlrm_blender.model.network import TttLRM
from tttlrm_blender.model.stream import extend

VIEWS, SIDE = 16, {"cpu": 128, "cuda": 512}  # pixels
LIMITS = [96 * 0.87**n for n in range(34)]  # MiB, of photos of 128×128 pixels: so close together that one of them halves slices
TOLERANCE = {"cpu": 1e-4, "cuda": 6e-2}  # factors are bfloat16 on GPUs, which leave two correct programs so far apart
CONFIG = Config(dim=128, layers=2, expansion=4, sh_degree=1, depth_range="log", near=0.5, far=9.0)


def at_most(megabytes: float, device: str) -> AbstractContextManager[None]:
    """Limit the process to so many more bytes of a device's memory."""
    return _at_most_cuda(megabytes) if device == "cuda" else _at_most_cpu(megabytes)


@contextmanager
def _at_most_cuda(megabytes: float) -> Iterator[None]:
    torch.cuda.empty_cache()
    allowed = torch.cuda.memory_reserved() + megabytes * 2**20
    torch.cuda.set_per_process_memory_fraction(allowed / torch.cuda.mem_get_info()[1])
    try:
        yield
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


@contextmanager
def _at_most_cpu(megabytes: float) -> Iterator[None]:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + int(megabytes * 2**20), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


class Halvings(logging.Handler):
    """Counts how often slices were halved."""

    count = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Called with each warning."""
        self.count += "not enough memory" in record.getMessage()


def scaled(megabytes: float, device: str) -> float:
    """A limit for the photos of a device."""
    return megabytes * (SIDE[device] / SIDE["cpu"]) ** 2


def photos(count: int, side: int) -> list[np.ndarray]:
    """Square images, poses and intrinsics of views in a row."""
    c2w = np.tile(np.eye(4, dtype=np.float32), (count, 1, 1))
    c2w[:, 0, 3] = np.linspace(-1, 1, count)
    images = np.random.default_rng(0).random((count, side, side, 3), np.float32)
    return [images, c2w, np.tile(np.array([side, side, side / 2, side / 2], np.float32), (count, 1))]


def arrays(found) -> list[torch.Tensor]:
    """All results of a step."""
    if isinstance(found, SceneMemory):
        return [found.tokens, *(w for weights in found.weights for w in weights.w)]
    return list(found.arrays().values())


def main(step: str, device: str) -> None:
    """Run a step with enough memory, then with less and less until slices have to be halved, and compare."""
    torch.manual_seed(0)
    model, halvings = TttLRM(CONFIG).requires_grad_(False).to(device), Halvings()
    logging.getLogger("tttlrm_blender").addHandler(halvings)
    given = photos(VIEWS, SIDE[device])
    half = [array[: VIEWS // 2] for array in given], [array[VIEWS // 2 :] for array in given]
    memory = encode(model, *half[0])
    steps = {
        "encode": lambda: encode(model, *given),
        "extend": lambda: extend(model, memory, *half[1]),
        "decode": lambda: read_splats(model, memory),
    }
    if step == "nothing fits":
        return nothing_fits(model, device)
    expected = arrays(steps[step]())
    found = next(filter(None, (with_little(steps[step], scaled(megabytes, device), device, halvings) for megabytes in LIMITS)))
    differences = [float((one - other).norm() / other.norm()) for one, other in zip(found, expected, strict=True)]
    assert max(differences) < TOLERANCE[device], differences
    print(f"{step}: {halvings.count} halvings, as without a limit but for a relative difference of {max(differences):.1e}")


def with_little(work: Callable[[], object], megabytes: float, device: str, halvings: Halvings) -> list[torch.Tensor]:
    """The result of a step with so much memory; None if that was enough for whole slices, or too little."""
    halvings.count = 0
    try:
        with at_most(megabytes, device):
            found = arrays(work())
    except TttlrmError:
        return []
    return found if halvings.count else []


def nothing_fits(model: TttLRM, device: str) -> None:
    """The error says what is wrong, and the work succeeds as soon as there is memory."""
    many = photos(VIEWS * 8, SIDE[device])
    with at_most(scaled(8, device), device):
        try:
            encode(model, *many)
        except TttlrmError as error:
            print(error, error.code)
            assert error.code == "out_of_memory"
        else:
            raise AssertionError("there was memory enough")
    encode(model, *many)
    print("then as without a limit")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=("encode", "extend", "decode", "nothing fits"))
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    main(**vars(parser.parse_args()))
