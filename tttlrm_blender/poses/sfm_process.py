# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs structure from motion in a separate process, reports its progress, and ends it on cancellation."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ..child_process import ROOT, child_environment, without_window
from ..errors import Code, TttlrmError
from ..photos.images import read_reduced, reduction_for, shrunk
from ..photos.masks import mask_values, turned_mask
from ..photos.photo import masks_of
from ..photos.threads import for_each
from ..progress import Report
from ..stages import Stage, Step

EVIDENCE, SNAPSHOTS = "evidence.json", "snapshots"
CLOSER = 3.5  # times as long as the first attempt does one take that looks at details
PAUSE = 0.1  # seconds between looks at the process
PATIENCE, PATIENCE_PER_IMAGE = 300.0, 20.0  # seconds without progress after which the process counts as stuck


@dataclass(frozen=True)
class SfmJob:
    """A job for the process: triangulate points from known poses or, without poses, estimate the cameras too."""

    images: list[str]  # files below the folder `images`; those in one folder share a camera
    names: list[str]  # of the images in the model
    pairs: list[tuple[int, int]] | None  # indices of the images to match; None for pairs that are close in the list or look alike
    cameras: dict[str, tuple[str, list[float]]]  # COLMAP's camera model and parameters of folders, where known
    poses: list[list[list[float]]]  # world to camera [3, 4] of each image, or an empty list
    features: int  # per image at most
    fine: bool = False  # whether small details count; cameras that cannot be estimated without them are estimated again
    watched: bool = False  # whether to leave unfinished models in SNAPSHOTS


@dataclass(frozen=True)
class Evidence:
    """What the process found in the images, whether or not it could place their cameras."""

    details: list[int]  # features found in each image
    pairs: int  # of images with matching features
    turned: int  # of these, pairs whose camera turned on the spot or saw one plane, so that its motion is undetermined
    models: list[list[int]]  # indices of the images placed together, largest first


def run_sfm(folder: Path, job: SfmJob, report: Report, show: Callable[[Path], None] = lambda model: None) -> Path | None:
    """Run a job on the images in `folder`/images; return the folder of the resulting COLMAP model, or None.

    Raises `TttlrmError` ("sfm_failed") where the process fails or is stuck, and `Cancelled`, after ending it in either case.
    `show` is called with unfinished models of a job that is `watched`, which may not be whole.
    """
    (folder / "job.json").write_text(json.dumps(asdict(job)), encoding="utf-8")
    patience = PATIENCE + PATIENCE_PER_IMAGE * len(job.images)
    with _started(folder) as process:
        heard, since, shown = _latest(folder / "progress"), time.monotonic(), ""
        while process.poll() is None:
            time.sleep(PAUSE)
            latest = _latest(folder / "progress")
            if latest[0] == Stage.DETAILS:
                report.begin(Step.CLOSER, CLOSER)
            report(*latest)
            if job.watched and (newest := _newest(folder / SNAPSHOTS)) and newest.name > shown:
                shown = newest.name
                show(newest)
            if latest != heard:
                heard, since = latest, time.monotonic()
            elif time.monotonic() - since > patience:
                raise TttlrmError(
                    "pycolmap made no progress for {:.0f} minutes and was stopped.",
                    patience / 60,
                    hint="Try fewer photos, or add a transforms.json or a COLMAP model.",
                    code=Code.SFM_FAILED,
                )
    if process.returncode:
        raise TttlrmError("pycolmap stopped: {}.", _last_words(folder / "log", process.returncode), code=Code.SFM_FAILED)
    model = folder / "model"
    return model if model.is_dir() else None


def read_evidence(folder: Path) -> Evidence:
    """The evidence that the process left in a folder."""
    return Evidence(**json.loads((folder / EVIDENCE).read_text(encoding="utf-8")))


def write_images(
    folder: Path,
    photos: list[tuple[Path, bool]],  # files, and whether they are held upright
    cameras: list[int],  # the number of each photo's camera
    side: int,  # pixels of the longest side at most
    report: Report,
) -> list[str]:
    """Write small copies of photos below `folder`/images, one folder per camera; return their names there, in order.

    If any photo has a mask, all get one below `folder`/masks, named as COLMAP expects.
    """
    names = [f"{camera}/{index:05d}.jpg" for index, camera in enumerate(cameras)]
    masks = masks_of([path for path, _ in photos])
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
            picture = _mask(mask, image.size, path, upright, side) if mask else Image.new("L", size, 255)
            picture.resize(size).save(folder / "masks" / f"{names[index]}.png")

    for_each(write, range(len(photos)), report, Stage.COPIES)
    return names


def _picture(path: Path, upright: bool, side: int) -> Image.Image:
    """An image file, read at a reduced size that still suffices for a longest side of `side`."""
    return _image(read_reduced(path, side, upright))


def _mask(mask: Path, size: tuple[int, int], photo: Path, upright: bool, side: int) -> Image.Image:
    values = mask_values(mask, upright, reduction_for(mask, side))
    return _image(turned_mask(values, size, photo, upright))


def _image(values: np.ndarray) -> Image.Image:
    """An image of 8 bits of values from 0 to 1."""
    return Image.fromarray((values * 255 + 0.5).astype("uint8"))


@contextmanager
def _started(folder: Path) -> Iterator[subprocess.Popen]:
    """The process, which is killed when the block ends. It also ends when its standard input is closed."""
    command = [sys.executable, "-m", f"{__package__}.sfm", str(folder.resolve())]
    environment = child_environment(ROOT, python=sys.executable) | {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"}
    (folder / "progress").touch()
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log, **without_window()
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def _latest(progress: Path) -> tuple[Stage, float]:
    """The stage and its share done, from the last complete line."""
    *lines, _ = progress.read_text(encoding="utf-8").split("\n")
    stage, fraction = lines[-1].split() if lines else (Stage.FEATURES, "0")
    return Stage(stage), float(fraction)


def _newest(snapshots: Path) -> Path | None:
    """The last unfinished model but one, which is no longer being written."""
    return next(iter(sorted(snapshots.glob("*"))[-2:-1]), None)


def _last_words(log: Path, status: int) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), f"status {status}").rstrip(".")
