# SPDX-License-Identifier: GPL-3.0-or-later
"""Videos as folders of photos: frames spaced evenly along the path of the camera, each the sharpest of its segment."""

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
from ..errors import Code, TttlrmError, text
from ..photo_files import VIDEOS
from ..progress import Report
from ..stages import Stage
from .block_mean import block_mean
from .cull import SIDE, softness
from .optional_packages import not_installed

# The formats that FFmpeg may take files with these suffixes for: no playlists, which refer to other files.
FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,m4v,asf,flv,ogg"
FRAMES = 100  # taken from a video by default
RATE = 15.0  # frames per second that are measured
FAR = 0.1  # of the width: after a shift this large, motion is measured from a new frame
UNLIKE = 0.1  # phase correlation below which two frames are too different to measure a shift; that of noise is 0.05
MOST_STRETCHED = 4.0  # width over height of a pixel, or the other way round; 2 is that of anamorphic lenses
QUALITY = 95  # of the JPEG files


@dataclass(frozen=True)
class Glimpse:
    """Measurements of a small copy of a frame."""

    number: int  # among all frames
    traveled: float  # how far the image has moved since the first frame, in widths
    softness: float


def frames_of(video: Path, report: Report, count: int = FRAMES) -> Path:
    """A folder with `count` frames of a video, or all if there are fewer, as upright JPEG files; kept in the cache.

    Their pixels are square: those of anamorphic videos are stretched. Raises `TttlrmError` ("bad_video", "no_package").
    """
    folder = kept_folder("frames")
    kept = folder / f"{content_name([video])}-{count}"
    if not kept.is_dir():
        chosen = choose(list(_glimpses(video, report)), count)
        with tempfile.TemporaryDirectory(dir=folder) as beside:
            part = Path(beside) / "frames"
            part.mkdir()
            _write(video, set(chosen), part, report, square=True)
            keep(part, kept)
    report.note(text("The frames taken from {} are in {}.", video.name, kept))
    return kept


def frames_at(video: Path, numbers: list[int], report: Report) -> Path:
    """A folder with some frames of a video, counted from 0 and named by `frame_name`; missing ones are left out.

    Their pixels are those of the video, which poses are for. It is kept in the cache. Raises `TttlrmError` ("bad_video",
    "no_package").
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
    """The numbers of `count` frames, or of all: the sharpest of each of as many equal segments of the camera's path.

    Where the camera stands still, segments are equal in time.
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
    """The shift between two images by phase correlation, in widths; infinite where they are too different."""
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
    """Accumulates the shifts between the images of a moving camera.

    Shifts are measured from one frame until they are large, so that slow motion counts and noise does not.
    """

    def __init__(self) -> None:
        self._start: np.ndarray | None = None
        self._before, self._reached = 0.0, 0.0

    def __call__(
        self,
        gray: np.ndarray,  # [H, W] brightness
    ) -> float:
        """The distance traveled up to a frame, in widths; it never decreases."""
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


def _write(video: Path, chosen: set[int], folder: Path, report: Report, square: bool = False) -> None:
    for number, frame, done in _decoded(video, square):
        report(Stage.FRAMES, 0.5 + 0.5 * done)
        if number in chosen:
            upright = np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90))
            Image.fromarray(upright).save(folder / frame_name(number), quality=QUALITY, subsampling=0)
        if number >= max(chosen):
            return


def _decoded(video: Path, square: bool = False) -> Iterator[tuple[int, Any, float]]:
    """All frames of a video, up to any damage, with their numbers and the share of the video that is done.

    If `square`, frames whose pixels are not square are stretched.
    """
    try:
        import av
    except ImportError:
        raise not_installed(video, "av", "video") from None
    number = -1
    options = {"format_whitelist": FORMATS} if video.suffix.lower() in VIDEOS else {}
    try:
        with av.open(str(video), options=options) as container:
            if not container.streams.video:
                raise _bad("The video {} contains no frames.", video)
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            seconds = (container.duration or 0) / av.time_base
            for number, frame in enumerate(container.decode(stream)):
                yield (
                    number,
                    _squared(frame, stream) if square else frame,
                    min((frame.time or 0) / seconds, 1.0) if seconds else 0.0,
                )
    except (av.error.FFmpegError, OSError, ValueError) as error:
        if number < 0:
            why = getattr(error, "strerror", None) or text("its header is damaged")
            raise _bad("The video {} cannot be read ({}).", video, why) from None
    if number < 0:
        raise _bad("The video {} contains no frames.", video)


def _squared(frame: Any, stream: Any) -> Any:
    """A frame with square pixels; the same one where their aspect is unknown or makes no sense."""
    aspect = float(stream.sample_aspect_ratio or 1)
    sound = 1 / MOST_STRETCHED <= aspect <= MOST_STRETCHED
    return frame.reformat(width=round(frame.width * aspect)) if sound and aspect != 1 else frame


def _bad(template: str, *values: object) -> TttlrmError:
    return TttlrmError(template, *values, hint="Export it again, or give a folder of photos.", code=Code.BAD_VIDEO)
