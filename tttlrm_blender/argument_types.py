# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument types shared by several command lines."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable


def whole(least: int = 0) -> Callable[[str], int]:
    """An argument type for whole numbers of at least `least`."""

    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise ArgumentTypeError(f"a whole number of at least {least} is needed, such as 8; got {text}")
        return int(text)

    return read
