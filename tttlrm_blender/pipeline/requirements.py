# SPDX-License-Identifier: GPL-3.0-or-later
"""What some settings need and not every worker has, checked before the work instead of when its turn comes."""

from __future__ import annotations

from pathlib import Path

from ..mesh.simplify import require_simplifier
from ..photos.background import Remover
from ..protocol.settings import MeshSettings


def require(mesh: MeshSettings | None = None, background_model: str = "") -> None:
    """Raise `TttlrmError` if a mesh cannot be simplified as the settings want, or the model for backgrounds cannot be used."""
    if mesh and mesh.faces:
        require_simplifier()
    if background_model:
        Remover(Path(background_model))
