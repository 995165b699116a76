# SPDX-License-Identifier: GPL-3.0-or-later
"""The log: one line per event as key=value pairs (logfmt), readable by humans and common log collectors.

time=2026-11-26T04:10:03.250+00:00 level=info event=job_ended client=3 request=7 session="my scene" kind=decode seconds=1.204

Values with spaces, quotes, equals signs or control characters are JSON strings, so a value never contains a line break.
Records of other libraries have the event "message", with their text as `text` and their logger as `logger`.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from ..errors import Code, TttlrmError

FILE_BYTES = 16 << 20  # size at which a log file is rotated
OLD_FILES = 4  # number of rotated files, worker.log.1 to worker.log.4

_about: ContextVar[dict[str, Any]] = ContextVar("what the lines are about", default={})  # noqa: B039 (never changed in place)


@contextmanager
def about(**values: Any) -> Iterator[None]:
    """Add values to every line that is logged in the block, in this thread or asyncio task."""
    token = _about.set({**_about.get(), **values})
    try:
        yield
    finally:
        _about.reset(token)


def log_event(logger: logging.Logger, event: str, level: int = logging.INFO, **values: Any) -> None:
    """Log an event, named in snake_case, with values; errors include the traceback of the current exception."""
    logger.log(level, event, exc_info=level >= logging.ERROR, extra={"values": values})


class LineFormatter(logging.Formatter):
    """Formats records as lines."""

    def format(self, record: logging.LogRecord) -> str:
        """The line without a line break; a traceback is one of its values."""
        when = datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds")
        values = {"time": when, "level": record.levelname.lower(), **self._event(record)}
        if record.exc_info:
            values["traceback"] = self.formatException(record.exc_info)
        return " ".join(f"{name}={_text(value)}" for name, value in values.items())

    def _event(self, record: logging.LogRecord) -> dict[str, Any]:
        own = getattr(record, "values", None)
        if own is not None:
            return {"event": record.getMessage(), **_about.get(), **own}
        return {"event": "message", **_about.get(), "logger": record.name, "text": record.getMessage()}


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    text = str(value)
    plain = text.isprintable() and text.isascii() and text and not any(char in ' "=\\' for char in text)
    return text if plain else json.dumps(text)


def set_up(file: Path | None = None) -> None:
    """Send the log to standard error, or to a file that is rotated when it is full. Raises `TttlrmError`."""
    handler = _file(file) if file else logging.StreamHandler()
    handler.setFormatter(LineFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("websockets").setLevel(logging.CRITICAL)  # it logs a traceback for every broken connection


def _file(path: Path) -> logging.Handler:
    try:
        return _PrivateFile(path, maxBytes=FILE_BYTES, backupCount=OLD_FILES)
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> TttlrmError:
    """The error for a log that cannot be written."""
    return TttlrmError("The log {} cannot be written: {}.", path, error.strerror, hint="Choose another file.", code=Code.BAD_LOG)


class _PrivateFile(RotatingFileHandler):
    """A log file that only its owner can read, as it contains names of scenes and files."""

    def _open(self) -> Any:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return open(descriptor, self.mode, encoding="utf-8", errors="backslashreplace")  # noqa: PTH123 (a descriptor)
