# SPDX-License-Identifier: GPL-3.0-or-later
"""How many splats are read from a file: no more than its size allows, for small files can ask for all memory there is."""

from __future__ import annotations

import os
from pathlib import Path

from ...errors import bad_splats, text

VARIABLE = "TTTLRM_MAX_SPLATS"
FEW, MOST = 100_000, 100_000_000  # splats of files of any size


def check_number(path: Path, splats: int) -> None:
    """Raise `TttlrmError` for more splats than one for each byte, unless the environment variable allows them.

    No format needs as little as a byte for a splat; but packed streams, and meshes shown many times, can claim any number.
    """
    most = most_splats(path)
    if splats > most:
        hint = text("If the file is right, set the environment variable {} to a larger number.", VARIABLE)
        raise bad_splats(
            "{} asks for {:,d} splats, more than the {:,d} that are read from a file of its size.", path, splats, most, hint=hint
        )


def most_splats(path: Path) -> int:
    """The largest number of splats that is read from a file."""
    given = os.environ.get(VARIABLE, "")
    return int(given) if given.isdecimal() else min(max(FEW, path.stat().st_size), MOST)
