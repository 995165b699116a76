# SPDX-License-Identifier: GPL-3.0-or-later
"""Atomic writing of files: no half-written file is ever visible. Checks, before long work, that its results can be written."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryFile

from .errors import Code, Text, TttlrmError

LEAST_ROOM = 64_000_000  # bytes to be free before long work, whose results are of unknown size
KEPT_BY_READERS = os.name == "nt"  # whether a file cannot be replaced while somebody reads it
READ_SECONDS = 2.0  # that such a reader is waited for
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}  # the disk is full, the quota is used up, the file is too large


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A temporary path beside `path`, with the same suffix, that replaces it once the block ends without an error.

    Raises `TttlrmError` when the folder or the file cannot be written.
    """
    path = Path(path)
    require_name(path)
    part = path.with_name(f".{path.stem}.{secrets.token_hex(4)}{path.suffix}")
    try:
        yield part
        _put(part, path)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        with suppress(OSError):  # there is none, or there cannot be one of such a name
            part.unlink()


def bytes_of(path: Path) -> bytes:
    """The content of a small file that may be asked for often: it is read again only once it was changed or replaced.

    Raises `OSError`.
    """
    status = path.stat()
    return _bytes(path, (status.st_mtime_ns, status.st_size, status.st_ino))


@lru_cache(maxsize=32)
def _bytes(path: Path, state: tuple[int, int, int]) -> bytes:
    return path.read_bytes()


def _put(part: Path, path: Path) -> None:
    """Rename a file. Windows does not, while another program reads the one in its place, as scanners for viruses do."""
    until = time.monotonic() + READ_SECONDS
    while True:
        try:
            part.replace(path)
            return
        except PermissionError:
            if not KEPT_BY_READERS or time.monotonic() > until:
                raise
            time.sleep(READ_SECONDS / 50)


def unwritable(name: str | Path | Text, error: OSError) -> TttlrmError:
    """The error for a file that could not be written."""
    hint = "Free some disk space." if error.errno in FULL else "Check that its folder exists and can be written to."
    return TttlrmError("{} cannot be written: {}.", name, error, hint=hint, code=Code.CANNOT_WRITE)


def require_name(path: Path) -> None:
    """Raise `TttlrmError` for a path that nothing can have: it ends in no name, as `.` and `/` do, or in one that is too long."""
    if not path.name:
        raise _is_folder(path)
    try:
        path.lstat()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise unwritable(path, error) from error


def _is_folder(path: Path) -> TttlrmError:
    return unwritable(path, IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)))


def make_folder(path: Path) -> None:
    """Make a folder and its parents. Raises `TttlrmError` where that is impossible."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TttlrmError("The folder {} cannot be created: {}.", path, error, code=Code.CANNOT_WRITE) from error


def require_folder(folder: Path, *names: str, room: int = 0) -> None:
    """Check that files of these names can be written to a folder, which may not exist yet; nothing is changed.

    Raises `TttlrmError` if the folder cannot be made or written to, if a name is taken by a folder, or if there is less than
    `room` bytes.
    """
    existing = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if os.path.lexists(parent))
    try:
        with TemporaryFile(dir=existing) as probe:  # permissions alone do not say whether the disk is read-only
            probe.write(b"0")
        free = shutil.disk_usage(existing).free
        taken = next((folder / name for name in names if (folder / name).is_dir()), None)
    except OSError as error:
        raise unwritable(folder, error) from error
    if taken:
        raise _is_folder(taken)
    if free < room:
        hint = "Free some disk space, or choose another disk."
        raise TttlrmError("Only {:.1f} MB are free for {}.", free / 1e6, folder, hint=hint, code=Code.CANNOT_WRITE)


def require_file(path: Path, room: int = 0) -> None:
    """Check that a file can be written, in a folder that exists; nothing is changed. Raises `TttlrmError` as `require_folder`."""
    if not path.parent.exists():
        raise unwritable(path, FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)))
    require_folder(path.parent, path.name, room=room)
