# SPDX-License-Identifier: GPL-3.0-or-later
"""Pickles in .pt files, before torch reads them as pure data."""

from __future__ import annotations

import pickletools
import zipfile
from pathlib import Path
from typing import IO

LONGEST = 1000  # characters of a name
IN_OLD_FILES = 5  # pickles in a row, in files that are no ZIP archives


def check_names(path: Path) -> None:
    """Raise `ValueError` for a .pt file with names longer than any has; torch would search its error about them for hours."""
    with path.open("rb") as file:
        if not zipfile.is_zipfile(file):
            file.seek(0)
            for _ in range(IN_OLD_FILES):
                _check(file)
            return
        with zipfile.ZipFile(file) as archive:
            for name in archive.namelist():
                if name.endswith(".pkl"):
                    with archive.open(name) as pickled:
                        _check(pickled)


def _check(pickled: IO[bytes]) -> None:
    """Read one pickle, without making anything of it."""
    for operation, argument, _ in pickletools.genops(pickled):
        if operation.name in ("GLOBAL", "INST") and len(str(argument)) > LONGEST:
            raise ValueError
