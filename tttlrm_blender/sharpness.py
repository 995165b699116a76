# SPDX-License-Identifier: GPL-3.0-or-later
"""How blurred photos are, judged by small copies of them: in Blender before anything starts, as in the worker."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

SIDE = 256  # pixels of the longest side at which softness is measured
BLURRED = 3.0  # times the set's median softness; sharp photos reach 1.4, blur by 1 % of the width 8, or 3.4 in heavy noise
REACH = 4  # pixels to which the blur extends
WEIGHTS = [math.exp(-(offset**2) / 2) for offset in range(-REACH, REACH + 1)]  # of a Gaussian blur of one pixel


def softness(
    gray: np.ndarray,  # [H, W] brightness
) -> float:
    """How little a blur of one pixel changes an image, as odds: 0.3 for most sharp photos, above 3 for blurred ones.

    The share of the gradients that survives the blur hardly depends on the amount of texture. It is measured across and down,
    and the larger one counts, because a moving camera blurs in one direction.
    """
    blurred = _blurred(_blurred(gray).T).T
    shares = [_energy(blurred, axis) / max(_energy(gray, axis), 1e-12) for axis in (0, 1)]
    return max(share / max(1 - share, 1e-6) for share in shares)


def too_soft(softnesses: Sequence[float]) -> list[bool]:
    """Which photos of a set are far softer than the median, which are never more than half of them; none if one would be left."""
    most = BLURRED * float(np.median(softnesses)) if softnesses else 0.0
    found = [value > most for value in softnesses]
    return found if len(found) - sum(found) >= 2 else [False] * len(found)


def _blurred(gray: np.ndarray) -> np.ndarray:
    """Blurred down the columns; edges are mirrored."""
    padded = np.pad(gray.astype(np.float64), ((REACH, REACH), (0, 0)), "symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(padded, len(WEIGHTS), axis=0)  # [H, W, offsets]
    return windows @ np.array(WEIGHTS) / sum(WEIGHTS)


def _energy(gray: np.ndarray, axis: int) -> float:
    return float((np.diff(gray, axis=axis).astype(np.float64) ** 2).sum())
