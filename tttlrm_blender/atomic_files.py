# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing files so that no half-written one is ever seen."""

from __future__ import annotations

import errno
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import Code, Text, TttlrmError

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}  # a disk, a share of it, a file


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A name beside `path` to write to, with the same suffix; it takes the place of `path` once the block ends without an error.

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
    """The error for a file that the system did not let be written."""
    hint = "Make room on the disk." if error.errno in FULL else "See whether its folder is there and may be written to."
    return TttlrmError("{} cannot be written: {}.", name, error, hint=hint, code=Code.CANNOT_WRITE)


def make_folder(path: Path) -> None:
    """Make a folder and those above it. Raises `TttlrmError` where that is impossible."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TttlrmError("The folder {} cannot be made: {}.", path, error, code=Code.CANNOT_WRITE) from error
