# SPDX-License-Identifier: GPL-3.0-or-later
"""A small picture with gradients by WebGPU, beside the processor's: drivers have bugs that no error tells.

A larger one tells whether the GPU is worth it. Some drivers end the process that asks them anything. So the trial is made in a
process of its own, `python -m` this module, and its outcome is kept in the cache folder: what the driver computes until that
changes, all else for the day, as a machine may have been busy, or a GPU not plugged in.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import time
from contextlib import suppress
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import Lock, Thread

import numpy as np
import torch

from .. import __version__
from ..atomic_files import replacing
from ..cache import cache_folder
from ..child_process import ROOT, child_environment, without_window
from ..errors import Text, TttlrmError, text
from ..gaussians.gaussians import Gaussians
from ..protocol.texts import from_json, to_json
from .convention import Views
from .cpu import functions as cpu
from .webgpu import device
from .webgpu import functions as webgpu

COUNT, SIZE = 64, (40, 24)
WORK, WORK_SIZE, ROUNDS = 50_000, (480, 270), 3  # splats, picture and tries whose time is taken
TOLERANCE = 1e-3  # of the relative difference of pictures and gradients
PATIENCE = 60.0  # seconds that a trial may take
# What changes when a driver does: its manifests for Vulkan, and where Windows keeps drivers. On macOS, the system changes.
MANIFESTS = ("/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "C:/Windows/System32/DriverStore/FileRepository")
NAME = "webgpu.json"
SLOW = text("The GPU draws no faster than the processor.")  # as small ones beside many cores
RUNNING = text("The GPU is still being tried out.")
WRONG = "The GPU's driver computes something else than the processor, by {:.1%}."

_trials: dict[str, Trial] = {}  # that were begun in this process, by what they depend on
_one_at_a_time = Lock()


class Trial(Thread):
    """A trial in another process, which ends with its outcome kept."""

    def __init__(self, key: str) -> None:
        super().__init__(name="tttLRM trial", daemon=True)
        self._key, self.outcome = key, RUNNING

    def run(self) -> None:
        """Try."""
        outcome = _tried_apart()
        _keep(self._key, outcome)
        self.outcome = outcome


def fault_apart(wait: bool = True) -> Text:
    """Why WebGPU on the best GPU is of no use; an empty text if it draws as the processor does. Asks no driver in this process.

    Unless the outcome of the trial is to be waited for, it is `RUNNING` at first.
    """
    if not device.has_hardware():
        return text("This machine has no graphics device.")
    try:
        key = f"{__version__} {version('wgpu')} {platform.platform()} {_drivers()}"
    except PackageNotFoundError:
        return text("wgpu is not installed.")
    with _one_at_a_time:
        if key not in _trials:
            kept = _kept(key)
            if kept is not None:
                return kept
            _trials[key] = Trial(key)
            _trials[key].start()
    if wait:
        _trials[key].join()
    return _trials[key].outcome


def fault(adapter: str = "") -> Text:
    """The same of the adapter whose name contains `adapter`, in this process."""
    try:
        missing = device.fault(adapter)
        if missing:
            return missing
        found = _drawn(adapter)
    except TttlrmError as error:
        return error.text
    expected = _drawn(None)
    worst = max(float((a - b).norm() / b.norm().clamp(min=1e-6)) for a, b in zip(found, expected, strict=True))
    return Text() if worst < TOLERANCE else text(WRONG, worst)


def slowness() -> Text:
    """`SLOW` if the best GPU draws no faster than the processor; an empty text if it does."""
    return SLOW if _seconds("") >= _seconds(None) else Text()


def _seconds(adapter: str | None) -> float:
    """The shortest time of a picture with gradients as large as those of a refinement, after one to warm up."""
    times = list[float]()
    for _ in range(1 + ROUNDS):
        began = time.perf_counter()
        _drawn(adapter, WORK, WORK_SIZE)
        times.append(time.perf_counter() - began)
    return min(times[1:])


def _tried_apart() -> Text:
    command, environment = [sys.executable, "-m", __name__], child_environment(ROOT, python=sys.executable)
    try:
        run = subprocess.run(command, capture_output=True, env=environment, timeout=PATIENCE, **without_window())
    except subprocess.TimeoutExpired:
        return text("The GPU's driver does not answer.")
    except OSError as error:
        return text("The GPU could not be tried out: {}.", str(error))
    outcome = _told(run.stdout)
    if run.returncode or outcome is None:  # some end it as if all were well
        return text("The GPU's driver ends the process that asks it (code {}).", run.returncode)
    return outcome


def _told(output: bytes) -> Text | None:
    """The outcome in what the process of a trial wrote; None if it came to none. Drivers may write before it and after it."""
    for line in reversed(output.splitlines()):
        with suppress(ValueError, LookupError, TypeError, AttributeError, TttlrmError):
            return from_json(json.loads(line))
    return None


def _drivers() -> int:
    """When drivers were last changed, in nanoseconds of the file system."""
    folders = [folder for folder in map(Path, MANIFESTS) if folder.is_dir()]
    files = [file for folder in folders for file in folder.glob("*.json")]
    return max((path.stat().st_mtime_ns for path in [*folders, *files]), default=0)


def _kept(key: str) -> Text | None:
    """The last outcome, unless it depends on what has changed since, or is of another day and one that may have changed."""
    with suppress(OSError, ValueError, LookupError, TypeError, AttributeError, TttlrmError):
        known = json.loads(_file().read_text(encoding="utf-8"))[key]
        outcome = from_json(known["outcome"])
        lasts = not outcome or outcome.template == WRONG
        return outcome if lasts or known["day"] == str(date.today()) else None
    return None


def _keep(key: str, outcome: Text) -> None:
    with suppress(OSError, TttlrmError):  # it is made again
        _file().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with replacing(_file()) as part:
            part.write_text(json.dumps({key: {"outcome": to_json(outcome), "day": str(date.today())}}), encoding="utf-8")


def _file() -> Path:
    return cache_folder() / NAME


def _drawn(adapter: str | None, count: int = COUNT, size: tuple[int, int] = SIZE) -> list[torch.Tensor]:
    """Pictures and gradients by an adapter, or by the processor."""
    source = torch.Generator().manual_seed(0)
    shapes = {"means": (3,), "quats": (4,), "scales": (3,), "opacities": (), "sh": (16, 3)}
    arrays = {name: torch.rand(count, *shape, generator=source) for name, shape in shapes.items()}
    arrays["means"] = arrays["means"] * torch.tensor([4.0, 2.4, 2.0]) + torch.tensor([-2.0, -1.2, 2.0])
    arrays["scales"] = arrays["scales"] * 0.3 * (COUNT / count) ** 0.5
    splats = Gaussians(**{name: array.requires_grad_() for name, array in arrays.items()}, antialiased=True)
    width, height = size
    intrinsics = np.array([[0.75 * width, 0.75 * width, width / 2, height / 2]], np.float32)
    views = Views(np.eye(3, dtype=np.float32)[None], np.zeros((1, 3), np.float32), intrinsics)
    drawing = cpu.draw(splats, views, size, 3) if adapter is None else webgpu.draw(splats, views, size, 3, adapter)
    pictures = [drawing.rgb, drawing.depth, drawing.alpha]
    leaves = list(splats.arrays().values())
    gradients = torch.autograd.grad(sum((picture.square().sum() for picture in pictures), torch.zeros(())), leaves)
    return [*(picture.detach() for picture in pictures), *gradients]


if __name__ == "__main__":
    print(json.dumps(to_json(fault() or slowness())))
