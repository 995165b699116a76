# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of commands do again and again."""

from pathlib import Path

import bpy

from operators.headless import command_line
from tests.operators.photos import save_photo
from tests.operators.worker_python import WORKER_PYTHON

FILES = {"statue.blend", "splats.ply", "mesh.glb", "preview.png", "photo.png", "report.json"}


def photo_set(folder: Path, names: tuple[str, ...] = ("1.png",)) -> Path:
    """A new folder of photos."""
    for name in names:
        save_photo(folder / name)
    return folder


def tttlrm(*arguments: object, python: bool = True) -> int:
    """The exit status of a command; `python` where it starts a worker."""
    return command_line.main([*map(str, arguments), *(["--python", WORKER_PYTHON] if python else [])])


def made(tmp_path: Path, *options: object) -> Path:
    """The .blend file of a photo set, whose scene is kept."""
    out = tmp_path / "out" / "statue"
    photos = photo_set(tmp_path / "statue")
    assert tttlrm("reconstruct", photos, "--out", out, "--scenes", tmp_path / "scenes", *options) == 0
    return out / "statue.blend"


def folders(place: Path) -> list[str]:
    """The names of the folders in a place."""
    return sorted(path.name for path in place.iterdir() if path.is_dir())


def objects(file: Path, kind: str) -> list[bpy.types.Object]:
    """Those of a kind in a .blend file."""
    bpy.ops.wm.open_mainfile(filepath=str(file))
    return [obj for obj in bpy.context.scene.objects if obj.type == kind]
