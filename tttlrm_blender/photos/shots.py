# SPDX-License-Identifier: GPL-3.0-or-later
"""Which frames of a video show a scene: those of shots in which the camera moves, not of black, fades, titles and noise."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from .block_mean import block_mean

FAR = 0.1  # of the width: after a shift this large, motion is measured from a new frame
UNLIKE = 0.1  # phase correlation below which two frames are too different to measure a shift; that of noise is 0.05
APART, COARSE = 0.5, 4  # correlation of blocks of so many pixels below which frames belong to different shots; that of noise is 0
BLANK = 0.01  # standard deviation of the brightness below which a frame shows nothing; fog reaches 0.03
FAINT, FADE_SECONDS = 0.3, 10.0  # a shot that begins with less than this share of the contrast reached by then fades in,
RISE, RISE_SECONDS = 1.05, 1 / 3  # for as long as the contrast increases by this factor in this time
PLAIN = 0.25  # of the contrast of the most varied row or column: bars have less, even where the picture bleeds into them
SHORT = 0.2  # seconds: shots of noise are shorter
STILL = 0.02  # of the width: the camera has moved if the image has moved farther


@dataclass(frozen=True)
class Glimpse:
    """Measurements of a small copy of a frame."""

    number: int  # among all frames
    traveled: float  # how far the image has moved since the first frame, in widths
    softness: float
    time: float = 0.0  # seconds
    contrast: float = 1.0  # standard deviation of the brightness
    cut: bool = False  # whether a shot begins here, as it is unlike the frame before


Shot = list[Glimpse]


def scenic(glimpses: list[Glimpse]) -> list[Glimpse]:
    """The glimpses that show a scene, with `traveled` counted over them alone; none if all are blank.

    Blank frames go, and the fades around them; then moments too short for a shot, such as each frame of a burst of noise, and
    shots in which nothing moves, such as titles. A video that consists of such shots alone keeps them.
    """
    shots = [shot for shot in map(_without_fades, _shots(glimpses)) if shot]
    ends = {glimpse.number: later.time for glimpse, later in pairwise(glimpses)}
    shots = [shot for shot in shots if ends.get(shot[-1].number, shot[-1].time) - shot[0].time >= SHORT] or shots
    return _joined([shot for shot in shots if shot[-1].traveled - shot[0].traveled >= STILL] or shots)


def shift(
    first: np.ndarray,  # [H, W] brightness
    second: np.ndarray,
) -> float:
    """The shift between two images by phase correlation, in widths; infinite where they are too different."""
    down, across, peak = _shift(first, second)
    return math.hypot(down, across) / first.shape[1] if peak >= UNLIKE else math.inf


def unlike(
    first: np.ndarray,  # [H, W] brightness
    second: np.ndarray,
) -> bool:
    """Whether two consecutive frames belong to different shots: they do not correlate, nor where the shift makes them overlap."""
    inside = _between_bars(first, second)
    first, second = first[inside], second[inside]
    if _correlation(first, second) >= APART:
        return False
    (height, width), (down, across, _) = first.shape, _shift(first, second)
    if 2 * abs(down) > height or 2 * abs(across) > width:
        return True
    one, other = first, second
    for axis, offset in ((0, down), (1, across)):
        one, other = (np.roll(image, -by, axis) for image, by in ((one, max(offset, 0)), (other, max(-offset, 0))))
    overlap = slice(height - abs(down)), slice(width - abs(across))
    return _correlation(one[overlap], other[overlap]) < APART


def _shift(first: np.ndarray, second: np.ndarray) -> tuple[int, int, float]:
    """The most likely shift between two images, pixels down and across, and how well they agree then, up to 1."""
    window = np.hanning(first.shape[0])[:, None] * np.hanning(first.shape[1])
    before, after = (np.fft.rfft2((image - image.mean()) * window) for image in (first, second))
    cross = before * np.conj(after)
    peaks = np.fft.irfft2(cross / np.maximum(np.abs(cross), 1e-9), first.shape)
    row, column = (int(place) for place in np.unravel_index(peaks.argmax(), peaks.shape))
    height, width = first.shape
    return row - height * (2 * row > height), column - width * (2 * column > width), float(peaks[row, column])


def _between_bars(*images: np.ndarray) -> tuple[slice, slice]:
    """The rows and columns of the picture between plain bars, such as black ones above and below."""
    return _varied([image.std(axis=1) for image in images]), _varied([image.std(axis=0) for image in images])


def _varied(contrasts: list[np.ndarray]) -> slice:
    most = np.max(contrasts, axis=0)
    varied = np.flatnonzero(most >= PLAIN * most.max())
    return slice(varied[0], varied[-1] + 1)


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    """How alike the coarse structure of two images is, -1 to 1."""
    block = min(COARSE, *first.shape)
    coarse = (block_mean(image[..., None], block).ravel() for image in (first, second))
    before, after = (values - values.mean() for values in coarse)
    return float(before @ after / max(np.linalg.norm(before) * np.linalg.norm(after), 1e-9))


def _shots(glimpses: list[Glimpse]) -> list[Shot]:
    """The glimpses that are not blank, in runs between cuts and blank frames."""
    shots: list[Shot] = [[]]
    for glimpse in glimpses:
        if glimpse.cut or glimpse.contrast < BLANK:
            shots.append([])
        if glimpse.contrast >= BLANK:
            shots[-1].append(glimpse)
    return [shot for shot in shots if shot]


def _without_fades(shot: Shot) -> Shot:
    return shot[_faded(shot) : len(shot) - _faded(shot[::-1])]


def _faded(shot: Shot) -> int:
    """How many of the first glimpses belong to a fade."""
    times = np.array([abs(glimpse.time - shot[0].time) for glimpse in shot])
    contrast = np.array([glimpse.contrast for glimpse in shot])
    if contrast[0] > FAINT * contrast[times <= FADE_SECONDS].max():
        return 0
    later = contrast[np.minimum(np.searchsorted(times, times + RISE_SECONDS), len(shot) - 1)]
    return int((later < RISE * contrast).argmax())


def _joined(shots: list[Shot]) -> list[Glimpse]:
    joined: list[Glimpse] = []
    for shot in shots:
        start = joined[-1].traveled + FAR if joined else 0.0
        joined += [replace(glimpse, traveled=start + glimpse.traveled - shot[0].traveled) for glimpse in shot]
    return joined
