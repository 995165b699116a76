# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine has to say about files of splats."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from ...engine import errors, splat_files
from ...narrowing import untyped


@contextmanager
def noted() -> Iterator[list[errors.Text]]:
    """Collect the warnings that the engine logs while it reads or writes files."""
    notes: list[errors.Text] = []
    handler = logging.Handler(logging.WARNING)
    untyped(handler).emit = lambda record: notes.append(errors.as_text(record.msg))
    logger = logging.getLogger(splat_files.__name__.rpartition(".")[0])
    logger.addHandler(handler)
    try:
        yield notes
    finally:
        logger.removeHandler(handler)
