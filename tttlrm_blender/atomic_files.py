# SPDX-License-Identifier: GPL-3.0-or-later
"""Atomic writing of files: no half-written file is ever visible."""

from __future__ import annotations

import errno
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import Code, Text, TttlrmError

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}  # the disk is full, the quota is used up, the file is too large


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A temporary path beside `path`, with the same suffix, that replaces it once the block ends without an error.

    Raises `TttlrmError` when the folder or the file cannot be written.
    """
    path = Path(path)
    part = path.with_name(f".{path.stem}.{secrets.token_hex(4)}{path.suffix}")
    try:
        yield part
        part.replace(path)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        part.unlink(missing_ok=True)


def unwritable(name: str | Path | Text, error: OSError) -> TttlrmError:
    """The error for a file that could not be written."""
    hint = "Free some disk space." if error.errno in FULL else "Check that its folder exists and can be written to."
    return TttlrmError("{} cannot be written: {}.", name, error, hint=hint, code=Code.CANNOT_WRITE)


def make_folder(path: Path) -> None:
    """Make a folder and its parents. Raises `TttlrmError` where that is impossible."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TttlrmError("The folder {} cannot be created: {}.", path, error, code=Code.CANNOT_WRITE) from error
