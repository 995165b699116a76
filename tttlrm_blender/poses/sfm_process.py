# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs structure from motion in a process of its own, follows it, and ends it when nobody wants it any more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from PIL import Image

from ..errors import Code, TttlrmError
from ..photos.images import read_reduced, shrunk
from ..photos.photo import mask_of
from ..photos.threads import for_each
from ..progress import Report
from ..stages import Stage

EVIDENCE = "evidence.json"
PAUSE = 0.1  # seconds between looks at the process
PACKAGE_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class SfmJob:
    """What the process is asked for: points that cameras of known pose see or, without poses, the cameras as well."""

    images: list[str]  # files below the folder `images`; those in one folder share a camera
    names: list[str]  # what the model is to call them
    pairs: list[tuple[int, int]] | None  # indices of the images to match; None for those next in the list and those alike
    cameras: dict[str, tuple[str, list[float]]]  # the camera of a folder: COLMAP's model and parameters, where they are known
    poses: list[list[list[float]]]  # world to camera [3, 4] of each image, or nothing at all
    features: int  # details per image at most


@dataclass(frozen=True)
class Evidence:
    """What the process saw of the images, whether it found their cameras or not."""

    details: list[int]  # found in each image
    pairs: int  # of images that show the same details
    turned: int  # of these, pairs between which the camera turned or saw one plane, but did not move for sure
    models: list[list[int]]  # indices of the images that found a place together, largest first


def run_sfm(folder: Path, job: SfmJob, report: Report) -> Path | None:
    """Do a job on the images in `folder`/images: the folder of the COLMAP model that came of it, if one did.

    Raises `TttlrmError` ("sfm_failed") where the process fails, and `Cancelled` after ending it where that was asked for.
    """
    (folder / "job.json").write_text(json.dumps(asdict(job)), encoding="utf-8")
    with _started(folder) as process:
        while process.poll() is None:
            time.sleep(PAUSE)
            report(*_latest(folder / "progress"))
    if process.returncode:
        raise TttlrmError("pycolmap stopped: {}.", _last_words(folder / "log", process.returncode), code=Code.SFM_FAILED)
    model = folder / "model"
    return model if model.is_dir() else None


def read_evidence(folder: Path) -> Evidence:
    """What was seen by the process that worked in a folder."""
    return Evidence(**json.loads((folder / EVIDENCE).read_text(encoding="utf-8")))


def write_images(
    folder: Path,
    photos: list[tuple[Path, bool]],  # files, and whether they are held upright
    cameras: list[int],  # the number of each photo's camera
    side: int,  # pixels of the longest side at most
    report: Report,
) -> list[str]:
    """Small copies of photos below `folder`/images, in one folder for each camera; their names there, in order.

    Where any has a mask, so has each, below `folder`/masks and named as COLMAP wants it.
    """
    names = [f"{camera}/{index:05d}.jpg" for index, camera in enumerate(cameras)]
    masks = [mask_of(path) for path, _ in photos]
    for kind in ("images", "masks") if any(masks) else ("images",):
        for camera in set(cameras):
            (folder / kind / str(camera)).mkdir(parents=True)

    def write(index: int) -> None:
        path, upright = photos[index]
        image = _picture(path, upright, side)
        size = shrunk(*image.size, side)
        image.resize(size, Image.Resampling.LANCZOS).save(folder / "images" / names[index], quality=95)
        if any(masks):
            mask = masks[index]
            picture = _picture(mask, upright, side).convert("L").resize(size) if mask else Image.new("L", size, 255)
            picture.save(folder / "masks" / f"{names[index]}.png")

    for_each(write, range(len(photos)), report, Stage.COPIES)
    return names


def _picture(path: Path, upright: bool, side: int) -> Image.Image:
    """An image file, read at a size that is not much larger than needed for a longest side."""
    return Image.fromarray((read_reduced(path, side, upright) * 255 + 0.5).astype("uint8"))


@contextmanager
def _started(folder: Path) -> Iterator[subprocess.Popen]:
    """The process, which is gone in the end whatever happens. It also ends when its standard input is closed."""
    command = [sys.executable, "-m", f"{__package__}.sfm", str(folder.resolve())]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"}
    with (
        (folder / "progress").open("w") as progress,
        (folder / "log").open("w") as log,
        subprocess.Popen(
            command, cwd=PACKAGE_ROOT, env=environment, stdin=subprocess.PIPE, stdout=progress, stderr=log
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def _latest(progress: Path) -> tuple[Stage, float]:
    """The stage and the share of it that the last whole line tells."""
    *lines, _ = progress.read_text(encoding="utf-8").split("\n")
    stage, fraction = lines[-1].split() if lines else (Stage.FEATURES, "0")
    return Stage(stage), float(fraction)


def _last_words(log: Path, status: int) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), f"status {status}").rstrip(".")
