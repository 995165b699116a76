# SPDX-License-Identifier: GPL-3.0-or-later
"""Videos as folders of photos: frames spaced evenly along the path of the camera, each the sharpest of its segment."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ..cache import content_name, keep, kept_folder
from ..errors import Code, TttlrmError, text
from ..progress import Report
from ..scratch import Scratch
from ..stages import Stage
from .block_mean import block_mean
from .cull import SIDE, softness
from .optional_packages import not_installed
from .shots import FAR, Glimpse, scenic, shift, unlike

# The formats that files may have: none that refers to other files, as playlists, scripts and series of images do.
FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,m4v,h264,hevc,ivf,obu,asf,flv,ogg,mxf,nut,gif,dv,rm,"
    "yuv4mpegpipe"
)
FRAMES = 100  # taken from a video by default
RATE = 15.0  # frames per second that are measured
MOST_STRETCHED = 4.0  # width over height of a pixel, or the other way round; 2 is that of anamorphic lenses
QUALITY = 95  # of the JPEG files
EDITION = 2  # of the choice of frames: videos are looked at again where another one is in the cache


def frames_of(video: Path, report: Report, count: int = FRAMES) -> Path:
    """A folder with `count` frames of a video, or all if there are fewer, as upright JPEG files; kept in the cache.

    Their pixels are square: those of anamorphic videos are stretched. Raises `TttlrmError` ("bad_video", "no_package").
    """
    kept = _kept(video, (EDITION, count), lambda: _chosen(video, count, report), report, square=True)
    report.note(text("The frames taken from {} are in {}.", video.name, kept))
    return kept


def frames_at(video: Path, numbers: list[int], report: Report) -> Path:
    """A folder with some frames of a video, counted from 0 and named by `frame_name`; missing ones are left out.

    Their pixels are those of the video, which poses are for. It is kept in the cache. Raises `TttlrmError` ("bad_video",
    "no_package").
    """
    return _kept(video, (numbers,), lambda: numbers, report)


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


def _kept(video: Path, name: tuple[object, ...], numbers: Callable[[], list[int]], report: Report, square: bool = False) -> Path:
    """The folder of some frames, which are taken unless it is in the cache; its name depends on the video and on `name`."""
    folder = kept_folder("frames", of_scene=True)
    try:
        kept = folder / content_name([video], *name)
    except OSError as error:
        raise _unreadable(video, error.strerror) from None
    if not kept.is_dir():
        wanted = set(numbers())
        with Scratch(folder) as beside:
            part = beside / "frames"
            part.mkdir()
            _write(video, wanted, part, report, square)
            keep(part, kept)
    return kept


def _chosen(video: Path, count: int, report: Report) -> list[int]:
    """The numbers of `count` frames that show the scene; a note tells how much of the video does not."""
    glimpses = list(_glimpses(video, report))
    shown = scenic(glimpses)
    if not shown:
        raise _bad("The video {} is blank: all of its frames are of a single color.", video)
    if len(shown) < len(glimpses):
        seconds = (glimpses[-1].time - glimpses[0].time) * (1 - len(shown) / len(glimpses))
        report.note(
            text("{:.1f} seconds of the video {} are left out: blank or fading pictures, stills or noise.", seconds, video.name)
        )
    return choose(shown, count)


def _glimpses(video: Path, report: Report) -> Iterator[Glimpse]:
    odometer, size, before = Odometer(), (0, 0), np.zeros(0)
    for number, frame, time, done in _sampled(video):
        report(Stage.FRAMES, 0.5 * done)
        size = size if any(size) else _small_size(frame.width, frame.height)  # of all, should their sizes differ
        gray = frame.reformat(*size, format="gray").to_ndarray().astype(np.float32) / 255
        small = block_mean(gray[..., None], 2)[..., 0]
        cut = before.size > 0 and unlike(before, small)
        yield Glimpse(number, odometer(small), softness(gray), time, float(small.std()), cut)
        before = small


def _sampled(video: Path) -> Iterator[tuple[int, Any, float, float]]:
    """The frames that are measured, RATE per second: number, frame, time in seconds, and the share of the video that is done."""
    time, due, before = 0.0, -math.inf, 0.0
    for number, frame, done in _decoded(video):
        if frame.time is not None:
            time += max(frame.time - before, 0.0)  # joined videos can begin again at 0
            before = frame.time
        if frame.time is None or time >= due:
            due = time + 1 / RATE - 1e-3
            yield number, frame, time, done


def _small_size(width: int, height: int) -> tuple[int, int]:
    """Width and height, both even, of the copy of a frame that is measured."""
    shrink = min(1.0, SIDE / max(width, height))
    return max(2, round(width * shrink) // 2 * 2), max(2, round(height * shrink) // 2 * 2)


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
        raise not_installed(video, "av") from None
    number = -1
    try:
        with av.open(f"file:{video}", options={"format_whitelist": FORMATS, "protocol_whitelist": "file"}) as container:
            stream: Any = container.streams.best("video")  # the first may be a cover picture
            if stream is None:
                raise _bad("The video {} contains no frames.", video)
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
            raise _unreadable(video, why) from None
    if number < 0:
        raise _bad("The video {} contains no frames.", video)


def _squared(frame: Any, stream: Any) -> Any:
    """A frame with square pixels; the same one where their aspect is unknown or makes no sense."""
    aspect = float(stream.sample_aspect_ratio or 1)
    sound = 1 / MOST_STRETCHED <= aspect <= MOST_STRETCHED
    return frame.reformat(width=round(frame.width * aspect)) if sound and aspect != 1 else frame


def _unreadable(video: Path, why: object) -> TttlrmError:
    return _bad("The video {} cannot be read ({}).", video, why)


def _bad(template: str, *values: object) -> TttlrmError:
    return TttlrmError(template, *values, hint="Export it again, or give a folder of photos.", code=Code.BAD_VIDEO)
