# SPDX-License-Identifier: GPL-3.0-or-later
"""Sources are tested from a checkout."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def in_an_empty_scene(registered: None) -> None:
    """Every test begins there."""
    import bpy

    bpy.ops.wm.read_homefile(use_empty=True)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of three photos, in a folder below it, and a file of poses."""
    from tests.operators.photos import save_photo

    for name in ("a.png", "b.png", "c.png"):
        save_photo(tmp_path / "statue" / "images" / name)
    (tmp_path / "statue" / "transforms.json").write_text("{}")
    return tmp_path / "statue"
