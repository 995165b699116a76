# SPDX-License-Identifier: GPL-3.0-or-later
"""Upload of files to a worker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..errors import Code, TttlrmError
from ..protocol.frames import RUN_BYTES
from ..protocol.messages import Upload

Files = Mapping[str, Path | bytes]  # name inside the scene's folder, with slashes → the file or its content


def size_of(source: Path | bytes) -> int:
    """Size in bytes of a file or of content. Raises `TttlrmError` if the file cannot be read."""
    try:
        return len(source) if isinstance(source, bytes) else source.stat().st_size
    except OSError as error:
        raise _unreadable(error) from error


def uploads(session: str, path: str, source: Path | bytes) -> Iterator[Upload]:
    """Yield the messages with one file's content; an empty file is one message. Raises `TttlrmError`."""
    size, offset = size_of(source), 0
    try:
        with _opened(source) as file:
            while offset < size or not offset:
                part = file.read(min(RUN_BYTES, size - offset))
                if not part and size:
                    raise TttlrmError(
                        "The file for {} was truncated while it was read.", path, hint="Try again.", code=Code.BAD_FILE
                    )
                yield Upload(session, path, size, offset, np.frombuffer(part, np.uint8))
                offset += len(part)
                if not size:
                    return
    except OSError as error:
        raise _unreadable(error) from error


def _opened(source: Path | bytes) -> BinaryIO:
    return BytesIO(source) if isinstance(source, bytes) else source.open("rb")


def _unreadable(error: OSError) -> TttlrmError:
    return TttlrmError("{} cannot be read: {}.", error.filename, error, code=Code.BAD_FILE)
