# SPDX-License-Identifier: GPL-3.0-or-later
"""The free photographs that come with scikit-image."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

PHOTOS = (  # all in the public domain or without known restrictions, as the documentation of scikit-image says
    "astronaut.png",
    "brick.png",
    "camera.png",
    "chelsea.png",
    "coffee.png",
    "coins.png",
    "grass.png",
    "gravel.png",
    "hubble_deep_field.jpg",
    "moon.png",
    "retina.jpg",
    "rocket.jpg",
)


def photo_files() -> list[Path]:
    """Their files in the installed scikit-image; none if it is not installed."""
    spec = find_spec("skimage")
    folders = [Path(folder) / "data" for folder in (spec.submodule_search_locations or ())] if spec else []
    return [folder / name for name in PHOTOS for folder in folders if (folder / name).is_file()]
