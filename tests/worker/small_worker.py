# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker like the product's own, with small jobs that need no network: `python small_worker.py --owned …`."""

import os
import signal
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.progress import Report
from tttlrm_blender.worker.kinds import JobKind, JobResult
from tttlrm_blender.worker.program import main


@dataclass(frozen=True)
class CountSettings:
    """How long to count."""

    steps: int = 5
    seconds: float = 0.0  # of sleep in every step
    rows: int = 3  # of the array in the result
    previews: bool = False


@dataclass(frozen=True)
class BreakSettings:
    """How to break."""

    how: str = "error"


@dataclass
class Scene:
    """Remembers how many jobs it had."""

    folder: Path
    jobs: int = 0


def count(scene: Scene, settings: CountSettings, report: Report) -> JobResult:
    """Report every step; gives the files of the scene and `rows` rows of numbers."""
    scene.jobs += 1
    for step in range(settings.steps):
        report("count", step / settings.steps)
        if settings.previews:
            report.preview(splats(step + 1))
        time.sleep(settings.seconds)
    files = {path.relative_to(scene.folder).as_posix(): path.stat().st_size for path in scene.folder.rglob("*") if path.is_file()}
    rows = np.arange(settings.rows * 3, dtype=np.float32).reshape(-1, 3)
    return JobResult({"files": files, "jobs": scene.jobs}, {"rows": rows, "none": np.zeros((0, 3), np.int32)})


def splats(number: int) -> Gaussians:
    """Some splats."""
    ones = np.ones((number, 4), np.float32)
    return Gaussians(ones[:, :3], ones, ones[:, :3], ones[:, 0], ones[:, None, :3])


def break_(scene: Scene, settings: BreakSettings, report: Report) -> JobResult:
    """Fail in the way asked for."""
    report("break", 0.5)
    match settings.how:
        case "error":
            raise TttlrmError("The photo is broken.", "Take another.", "bad_photo")
        case "memory":
            raise MemoryError
        case "nan":
            return JobResult({"psnr": float("nan")})
        case "exit":
            raise SystemExit(3)
        case "kill":
            print("the last words", flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        case "deaf":
            time.sleep(60)
    return JobResult({"secret": 1 / 0})


JOBS = {"count": JobKind(CountSettings, count), "break": JobKind(BreakSettings, break_)}
LONG = replace(CountSettings(), steps=3000, seconds=0.02)

if __name__ == "__main__":
    main(load=lambda: (JOBS, Scene))
