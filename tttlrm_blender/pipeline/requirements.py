# SPDX-License-Identifier: GPL-3.0-or-later
"""What some settings need and not every worker has, checked before the work instead of when its turn comes."""

from __future__ import annotations

from pathlib import Path

from ..photos.background import Remover


def require(background_model: str) -> None:
    """Raise `TttlrmError` if the model for backgrounds, where there is one, cannot be used."""
    if background_model:
        Remover(Path(background_model))
