# SPDX-License-Identifier: GPL-3.0-or-later
"""The boundary around readers of files that strangers made: whatever they raise becomes a sentence that names the file."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import AGAIN, Cancelled, Code, Text, TttlrmError, lacks_memory


@contextmanager
def reading(path: Path, code: Code, hint: str | Text = AGAIN) -> Iterator[None]:
    """Turn every exception but `TttlrmError` and `Cancelled` into an error with this code and hint; the log gets the original."""
    try:
        yield
    except (TttlrmError, Cancelled):
        raise
    except Exception as error:
        logging.getLogger(__name__).warning("The reader of %s failed", path, exc_info=True)
        if lacks_memory(error):
            raise TttlrmError(
                "There is not enough memory to read {}.", path, hint="Close other programs.", code=Code.OUT_OF_MEMORY
            ) from error
        raise TttlrmError("{} is damaged or of a kind that is not read.", path, hint=hint, code=code) from error
