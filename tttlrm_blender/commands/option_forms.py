# SPDX-License-Identifier: GPL-3.0-or-later
"""Types of arguments that stand for several settings at once, or for one that is no plain value."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError

import numpy as np

from ..protocol.settings import RefineSettings


def size(text: str) -> tuple[int, int]:
    """Width and height of WIDTHxHEIGHT, in pixels."""
    match = re.fullmatch(r"([1-9][0-9]*)x([1-9][0-9]*)", text)
    if match is None:
        raise ArgumentTypeError(f"--size is WIDTHxHEIGHT, such as 270x480; got {text}")
    return int(match[1]), int(match[2])


def budget(text: str) -> RefineSettings:
    """Steps, passes or seconds of refinement; there is no limit by the others."""
    match = re.fullmatch(r"([0-9]+)(x?)|([0-9]+|[0-9]*\.[0-9]+)s", text)
    if match is None:
        raise ArgumentTypeError(
            f"--refine is a number of steps (1000), of passes over the photos (10x) or of seconds (120s); got {text}"
        )
    count, passes, seconds = match.groups()
    if seconds:
        return RefineSettings(seconds=float(seconds))
    return RefineSettings(passes=int(count)) if passes else RefineSettings(steps=int(count))


def box(text: str) -> tuple[float, ...]:
    """The crop matrix of a box between two corners."""
    try:
        low, high = np.sort(np.array(text.split(","), dtype=np.float64).reshape(2, 3), axis=0)
        if not (np.isfinite(high - low).all() and (high > low).all()):
            raise ValueError
    except ValueError as error:
        raise ArgumentTypeError(f"a box is two corners X,Y,Z,X,Y,Z with some room between them; got {text}") from error
    matrix = np.diag([*(2 / (high - low)), 1])
    matrix[:3, 3] = -(high + low) / (high - low)
    return tuple(matrix.ravel().tolist())
