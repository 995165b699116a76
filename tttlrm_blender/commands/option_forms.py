# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument types for options that set several settings, or one that is not a plain value."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError

import numpy as np

from ..protocol.settings import RefineSettings


def size(text: str) -> tuple[int, int]:
    """Parse WIDTHxHEIGHT in pixels."""
    match = re.fullmatch(r"([1-9][0-9]*)x([1-9][0-9]*)", text)
    if match is None:
        raise ArgumentTypeError(f"--size must be WIDTHxHEIGHT, such as 270x480; got {text}")
    return int(match[1]), int(match[2])


def budget(text: str) -> RefineSettings:
    """Parse a refinement budget in steps, passes or seconds; 0 stands for no refinement."""
    match = re.fullmatch(r"([0-9]+)(x?)|([0-9]+|[0-9]*\.[0-9]+)s", text)
    if match is None:
        raise ArgumentTypeError(
            f"--refine must be a number of steps (1000), of passes over the photos (10x) or of seconds (120s); got {text}"
        )
    count, passes, seconds = match.groups()
    if not float(seconds or count):
        return RefineSettings(quality="draft")
    if seconds:
        return RefineSettings(seconds=float(seconds))
    return RefineSettings(passes=int(count)) if passes else RefineSettings(steps=int(count))


def box(text: str) -> tuple[float, ...]:
    """Parse two corners of a box into a crop matrix."""
    try:
        low, high = np.sort(np.array(text.split(","), dtype=np.float64).reshape(2, 3), axis=0)
        if not (np.isfinite(high - low).all() and (high > low).all()):
            raise ValueError
    except ValueError as error:
        raise ArgumentTypeError(f"a box must be two corners X,Y,Z,X,Y,Z that differ in every coordinate; got {text}") from error
    matrix = np.diag([*(2 / (high - low)), 1])
    matrix[:3, 3] = -(high + low) / (high - low)
    return tuple(matrix.ravel().tolist())
