# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the state files of training runs."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from ..errors import Code, TttlrmError


@contextmanager
def reading_state(path: Path) -> Iterator[dict[str, Any]]:
    """The state of a run, in a block that restores it. Raises `TttlrmError` if it is another file or that of another run."""
    try:
        yield torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise TttlrmError(
            "{} is not the state of a training run like this.",
            path,
            hint="Choose another --state, or delete the file.",
            code=Code.BAD_STATE,
        ) from error
