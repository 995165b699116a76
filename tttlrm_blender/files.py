# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing files so that no half-written one is ever seen."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import TttlrmError


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
        raise TttlrmError(f"{path} cannot be written: {error.strerror or error}.", code="cannot_write") from error
    finally:
        part.unlink(missing_ok=True)


def make_folder(path: Path) -> None:
    """Make a folder and those above it. Raises `TttlrmError` where that is impossible."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TttlrmError(f"The folder {path} cannot be made: {error.strerror or error}.", code="cannot_write") from error
