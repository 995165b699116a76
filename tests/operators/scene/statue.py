# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of whole operators start from."""

from pathlib import Path

import bpy

from tests.operators.actions.files.splats import some_splats
from tests.operators.photos import save_photo
from tttlrm_blender.gaussians.formats.registry import write_splats


def save_statue(folder: Path, splats: int) -> None:
    """Open an empty file, and write three photos into the subfolder `statue` and some splats as `a.ply`."""
    bpy.ops.wm.read_homefile(use_empty=True)
    for name in ("1.png", "2.png", "3.png"):
        save_photo(folder / "statue" / name)
    write_splats(folder / "a.ply", some_splats(splats))
