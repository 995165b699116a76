# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker like the product's own, with small jobs that need no network: `python small_worker.py --owned …`."""

import asyncio
import os
import signal
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from tttlrm_blender.errors import TttlrmError, text
from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.pipeline.job_kind import JobKind, by_name
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.codec import Array
from tttlrm_blender.protocol.fields import Choice, choice, number
from tttlrm_blender.protocol.kinds import Kind
from tttlrm_blender.worker.limits import Limits
from tttlrm_blender.worker.program import Registry, main
from tttlrm_blender.worker.server import Server

WAYS = ("error", "file", "memory", "nan", "exit", "kill", "deaf", "divide")


@dataclass(frozen=True)
class CountSettings:
    """Settings of counting."""

    steps: int = number(5, 0, 1_000_000, "Steps", "How far to count")
    seconds: float = number(0.0, 0, 60, "Seconds", "Of sleep in every step")
    rows: int = number(3, 0, 100_000_000, "Rows", "Of the array in the result")


@dataclass(frozen=True)
class CountResult:
    """Result of counting."""

    files: dict[str, int]  # bytes of each
    jobs: int  # of the scene
    rows: Annotated[np.ndarray, Array("<f4", ("N", 3))]
    none: Annotated[np.ndarray, Array("<i4", (0, 3))]


@dataclass(frozen=True)
class BreakSettings:
    """Settings of a failing job."""

    how: str = choice("error", "How", "What goes wrong", [Choice(how, how.title(), "") for how in WAYS])


@dataclass(frozen=True)
class BreakResult:
    """Result of a failing job, which never arrives."""

    psnr: float


COUNT = Kind("count", CountSettings, CountResult)
BREAK = Kind("break", BreakSettings, BreakResult)


@dataclass
class Scene:
    """Remembers how many jobs it had."""

    folder: Path
    jobs: int = 0


def count(scene: Scene, settings: CountSettings, report: Report) -> CountResult:
    """Report every step; gives the files of the scene and `rows` rows of numbers."""
    scene.jobs += 1
    for step in range(settings.steps):
        report("count", step / settings.steps)
        report.preview(lambda number=step + 1: splats(number))
        time.sleep(settings.seconds)
    files = {path.relative_to(scene.folder).as_posix(): path.stat().st_size for path in scene.folder.rglob("*") if path.is_file()}
    rows = np.arange(settings.rows * 3, dtype=np.float32).reshape(-1, 3)
    return CountResult(files, scene.jobs, rows, np.zeros((0, 3), np.int32))


def splats(number: int) -> Gaussians:
    """Some splats."""
    ones = np.ones((number, 4), np.float32)
    return Gaussians(ones[:, :3], ones, ones[:, :3], ones[:, 0], ones[:, None, :3])


def break_(scene: Scene, settings: BreakSettings, report: Report) -> BreakResult:
    """Fail in the way asked for."""
    report("break", 0.5)
    match settings.how:
        case "error":
            raise TttlrmError("The photo is broken.", hint="Take another.", code="bad_photo")
        case "file":
            photos = scene.folder / "images"
            report.note(text("The photo {} is left out of {}.", photos / "b.jpg", scene.folder.parent / "kept"))
            hint = text("Look at {}: {}", str(photos / "a.jpg"), text("it lies in {}.", photos))
            raise TttlrmError("The photo {} in {} is broken.", photos / "a.jpg", scene.folder, hint=hint, code="bad_photo")
        case "memory":
            raise MemoryError
        case "nan":
            return BreakResult(float("nan"))
        case "exit":
            raise SystemExit(3)
        case "kill":
            print("the last words", flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        case "deaf":
            time.sleep(60)
    return BreakResult(1 / 0)


JOBS = by_name(JobKind(COUNT, count), JobKind(BREAK, break_))
LONG = CountSettings(steps=3000, seconds=0.02)
TOKEN = "a token for the tests"


@contextmanager
def serving(
    folder: Path,
    limits: Limits | None = None,
    host: str = "127.0.0.1",
    tls: ssl.SSLContext | None = None,
    jobs: Mapping[str, JobKind] = JOBS,
    make_scene: Callable[[Path], Any] = Scene,
    any_file: bool = False,
) -> Iterator[int]:
    """A server in a thread of this process; gives its port."""
    server = Server(jobs, make_scene, folder, TOKEN, limits=limits or Limits(), any_file=any_file)
    listening = threading.Event()
    port, stop = 0, lambda: None

    async def run() -> None:
        nonlocal stop
        loop, stopped = asyncio.get_running_loop(), asyncio.Event()
        stop = lambda: loop.call_soon_threadsafe(stopped.set)  # noqa: E731
        assert await server.run(host, 0, ready, stopped, tls=tls)

    def ready(host: str, chosen: int) -> None:
        nonlocal port
        port = chosen
        listening.set()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    assert listening.wait(60)
    try:
        yield port
    finally:
        stop()
        thread.join()


if __name__ == "__main__":
    main(load=lambda: Registry(JOBS, Scene))
