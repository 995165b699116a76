# SPDX-License-Identifier: GPL-3.0-or-later
"""Videos as folders of photos: frames that lie evenly along the way of the camera, each the sharpest of its stretch."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ..cache import content_name, keep, kept_folder
from ..errors import TttlrmError, text
from ..progress import Report
from ..stages import Stage
from .block_mean import block_mean
from .cull import SIDE, softness
from .optional_packages import not_installed

SUFFIXES = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mts", ".m2ts", ".mpg", ".mpeg", ".3gp", ".wmv")  # in folders
# What files of these suffixes may be to FFmpeg: no play lists, which name other files, whatever they are called themselves.
FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,m4v,asf,flv,ogg"
FRAMES = 100  # that are taken of a video
RATE = 15.0  # frames per second that are looked at
FAR = 0.1  # of the width: after so large a shift, motion is measured from a new frame
UNLIKE = 0.1  # phase correlation below which two frames are too different to tell the shift; that of noise is 0.05
QUALITY = 95  # of the JPEG files


@dataclass(frozen=True)
class Glimpse:
    """What a small copy of a frame tells."""

    number: int  # among all frames
    traveled: float  # how far the picture has moved since the first frame, in widths
    softness: float


def frames_of(video: Path, report: Report, count: int = FRAMES) -> Path:
    """A folder with `count` frames of a video as upright JPEG files, or all that there are; kept for the next time.

    Raises `TttlrmError` ("bad_video", "no_package").
    """
    folder = kept_folder("frames")
    kept = folder / f"{content_name([video])}-{count}"
    if not kept.is_dir():
        chosen = choose(list(_glimpses(video, report)), count)
        with tempfile.TemporaryDirectory(dir=folder) as beside:
            part = Path(beside) / "frames"
            part.mkdir()
            _write(video, set(chosen), part, report)
            keep(part, kept)
    report.note(text("The frames that are used of {} are in {}.", video.name, kept))
    return kept


def frames_at(video: Path, numbers: list[int], report: Report) -> Path:
    """A folder with some frames of a video, counted from 0, called by `frame_name`; those that it does not have are left out.

    Kept for the next time. Raises `TttlrmError` ("bad_video", "no_package").
    """
    folder = kept_folder("frames")
    kept = folder / content_name([video], numbers)
    if not kept.is_dir():
        with tempfile.TemporaryDirectory(dir=folder) as beside:
            part = Path(beside) / "frames"
            part.mkdir()
            _write(video, set(numbers), part, report)
            keep(part, kept)
    return kept


def frame_name(number: int) -> str:
    """The file name of a frame."""
    return f"frame_{number:06}.jpg"


def choose(glimpses: list[Glimpse], count: int) -> list[int]:
    """The numbers of `count` frames, or of all: the way of the camera in equal stretches, of each the sharpest frame.

    Where the camera stands still, time counts.
    """
    if len(glimpses) <= count:
        return [glimpse.number for glimpse in glimpses]
    traveled = np.array([glimpse.traveled for glimpse in glimpses])
    way = traveled + max(1e-3 * traveled[-1], 1e-9) * np.linspace(0, 1, len(glimpses))
    stretches = np.minimum(way / way[-1] * count, count - 1).astype(int)
    best: dict[int, Glimpse] = {}
    for stretch, glimpse in zip(stretches.tolist(), glimpses, strict=True):
        if stretch not in best or glimpse.softness < best[stretch].softness:
            best[stretch] = glimpse
    return [glimpse.number for glimpse in best.values()]


def shift(
    first: np.ndarray,  # [H, W] brightness
    second: np.ndarray,
) -> float:
    """How far an image has moved to become another, in widths, by phase correlation; infinite where they are too unlike."""
    window = np.hanning(first.shape[0])[:, None] * np.hanning(first.shape[1])
    before, after = (np.fft.rfft2((image - image.mean()) * window) for image in (first, second))
    cross = before * np.conj(after)
    peaks = np.fft.irfft2(cross / np.maximum(np.abs(cross), 1e-9), first.shape)
    row, column = np.unravel_index(peaks.argmax(), peaks.shape)
    if peaks[row, column] < UNLIKE:
        return math.inf
    height, width = first.shape
    return math.hypot(min(row, height - row), min(column, width - column)) / width


class Odometer:
    """Adds up how far the pictures of a moving camera shift.

    Shifts are measured from one frame until they are large, so that slow motion counts and noise does not.
    """

    def __init__(self) -> None:
        self._start: np.ndarray | None = None
        self._before, self._reached = 0.0, 0.0

    def __call__(
        self,
        gray: np.ndarray,  # [H, W] brightness
    ) -> float:
        """The widths traveled up to a frame, never less than up to the one before it."""
        if self._start is None:
            self._start = gray
        moved = shift(self._start, gray)
        moved = moved if math.isfinite(moved) else FAR
        self._reached = max(self._reached, self._before + moved)
        if moved >= FAR:
            self._start, self._before = gray, self._reached
        return self._reached


def _glimpses(video: Path, report: Report) -> Iterator[Glimpse]:
    odometer, due = Odometer(), -np.inf
    for number, frame, done in _decoded(video):
        report(Stage.FRAMES, 0.5 * done)
        if frame.time is not None and frame.time < due:
            continue
        due = (frame.time or 0.0) + 1 / RATE - 1e-3
        shrink = min(1.0, SIDE / max(frame.width, frame.height))
        width, height = (max(2, round(side * shrink) // 2 * 2) for side in (frame.width, frame.height))
        gray = frame.reformat(width=width, height=height, format="gray").to_ndarray().astype(np.float32) / 255
        yield Glimpse(number, odometer(block_mean(gray[..., None], 2)[..., 0]), softness(gray))


def _write(video: Path, chosen: set[int], folder: Path, report: Report) -> None:
    for number, frame, done in _decoded(video):
        report(Stage.FRAMES, 0.5 + 0.5 * done)
        if number in chosen:
            upright = np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90))
            Image.fromarray(upright).save(folder / frame_name(number), quality=QUALITY, subsampling=0)
        if number >= max(chosen):
            return


def _decoded(video: Path) -> Iterator[tuple[int, Any, float]]:
    """All frames of a video, up to where it is damaged, with their numbers and the share of the video that is done."""
    try:
        import av
    except ImportError:
        raise not_installed(video, "av", "video") from None
    number = -1
    options = {"format_whitelist": FORMATS} if video.suffix.lower() in SUFFIXES else {}
    try:
        with av.open(str(video), options=options) as container:
            if not container.streams.video:
                raise _bad("The video {} has no pictures.", video)
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            seconds = (container.duration or 0) / av.time_base
            for number, frame in enumerate(container.decode(stream)):
                yield number, frame, min((frame.time or 0) / seconds, 1.0) if seconds else 0.0
    except (av.error.FFmpegError, OSError, ValueError) as error:
        if number < 0:
            raise _bad("The video {} cannot be read ({}).", video, getattr(error, "strerror", None) or error) from None
    if number < 0:
        raise _bad("The video {} has no pictures.", video)


def _bad(template: str, *values: object) -> TttlrmError:
    return TttlrmError(template, *values, hint="Export it again, or give a folder of photos.", code="bad_video")
