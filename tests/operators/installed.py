# SPDX-License-Identifier: GPL-3.0-or-later
"""The installed extension, and what tests do with it again and again."""

from importlib import import_module
from pathlib import Path
from types import ModuleType

import bpy
from mathutils import Matrix

from tests.operators.photos import save_photo

MODULE = "bl_ext.user_default.tttlrm"


def part(name: str) -> ModuleType:
    """A module of its operators."""
    return import_module(f"{MODULE}.operators.{name}")


def prefer(**values: object) -> None:
    """Set preferences."""
    for name, value in values.items():
        setattr(bpy.context.preferences.addons[MODULE].preferences, name, value)


def reconstructed(photos: Path, **options: object) -> bpy.types.Object:
    """The splats of a folder."""
    assert bpy.ops.tttlrm.reconstruct(directory=str(photos), **options) == {"FINISHED"}
    return bpy.context.object


def toy_splats(folder: Path) -> bpy.types.Object:
    """The toy's splats of a new folder with one photo; 12 of them, at (3 i, 3 i + 1, 3 i + 2)."""
    splats = reconstructed(save_photo(folder / "1.png").parent)
    splats.parent.matrix_world = Matrix()  # as the toy's cameras have no up, it is turned
    return splats


def image_empty(folder: Path, name: str) -> bpy.types.Object:
    """An empty that shows a photo, selected."""
    empty = bpy.data.objects.new(name, None)
    empty.empty_display_type = "IMAGE"
    empty.data = bpy.data.images.load(str(folder / name))
    bpy.context.collection.objects.link(empty)
    empty.select_set(True)
    return empty


def cameras_named() -> list[str]:
    """The photos of the cameras in the scene."""
    return sorted(obj.data["tttlrm_photo"] for obj in bpy.data.objects if obj.type == "CAMERA")


def add(name: str, data: bpy.types.ID | None, matrix: Matrix) -> bpy.types.Object:
    """An object that stands somewhere."""
    obj = bpy.data.objects.new(name, data)
    bpy.context.collection.objects.link(obj)
    obj.matrix_world = matrix
    return obj


def cube(name: str, matrix: Matrix, height: float = 1.0) -> bpy.types.Object:
    """A mesh of the eight corners of ±1."""
    mesh = bpy.data.meshes.new(name)
    corners = [(x, y, z * height) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]
    mesh.from_pydata(corners, [], [])
    return add(name, mesh, matrix)
