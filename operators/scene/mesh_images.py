# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's images of the image files of a mesh, packed or beside the .blend file, with several tiles where UVs have them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import bpy
import numpy as np

from ..engine import errors, files, photo_files
from ..narrowing import untyped
from .image_material import BASE_COLOR

FIRST_TILE = 1001
PNG = b"\x89PNG"


def make_images(
    name: str,
    textures: Mapping[str, np.ndarray],  # [B] uint8, files by image and perhaps tile: "base_color", "base_color.1002"
    folder: Path | None = None,
) -> dict[str, bpy.types.Image]:
    """An image for every kind of image, packed without a folder. Raises `TttlrmError` if the folder cannot be written."""
    tiles: dict[str, dict[int, bytes]] = {}
    for key, file in textures.items():
        kind, _, tile = key.partition(".")
        tiles.setdefault(kind, {})[int(tile or 0)] = file.tobytes()
    return {kind: _image(f"{name} {kind.replace('_', ' ')}", kind, parts, folder) for kind, parts in tiles.items()}


def textures_folder() -> Path:
    """The folder of images beside the open .blend file. Raises `TttlrmError` if that was never saved."""
    if not bpy.data.filepath:
        raise errors.TttlrmError(
            "Images are to be written beside the .blend file, but it was never saved.",
            hint="Save it first, or turn on Pack Images.",
            code=errors.Code.CANNOT_WRITE,
        )
    blend = Path(bpy.data.filepath)
    return blend.parent / f"{blend.stem} textures"


def _image(name: str, kind: str, parts: Mapping[int, bytes], folder: Path | None) -> bpy.types.Image:
    if folder is not None:
        image = _written(name, parts, folder)
        untyped(image).filepath = bpy.path.relpath(image.filepath)
    elif set(parts) == {0}:
        image = bpy.data.images.new(name, 1, 1)
        image.pack(data=parts[0], data_len=len(parts[0]))
        image.source = "FILE"
    else:  # tiles are packed from files only
        with TemporaryDirectory() as temporary:
            image = _written(name, parts, Path(temporary))
            image.pack()
    image.name = name
    if kind != BASE_COLOR:
        untyped(image.colorspace_settings).name = "Non-Color"
    return image


def _written(name: str, parts: Mapping[int, bytes], folder: Path) -> bpy.types.Image:
    """The image of the files, which are written; those of earlier images of that name are replaced."""
    files.make_folder(folder)
    suffix = ".png" if next(iter(parts.values())).startswith(PNG) else ".jpg"
    stem = photo_files.plain(name)
    for tile, content in parts.items():
        with files.replacing(folder / f"{stem}{f'.{tile}' if tile else ''}{suffix}") as part:
            part.write_bytes(content)
    if set(parts) == {0}:
        image = bpy.data.images.load(str(folder / f"{stem}{suffix}"), check_existing=True)
        image.reload()
        return image
    image = bpy.data.images.load(str(folder / f"{stem}.{min(parts)}{suffix}"))
    image.source = "TILED"
    image.filepath = str(folder / f"{stem}.<UDIM>{suffix}")
    return image


def shown_on(obj: bpy.types.Object, material: bpy.types.Material) -> None:
    """Show a material on all faces of an object's mesh. Its other materials stay in their slots."""
    mesh = untyped(obj.data)
    known = [index for index, each in enumerate(mesh.materials) if each == material]
    if not known:
        mesh.materials.append(material)
        obj.material_slots[len(mesh.materials) - 1].link = "DATA"
    index = known[0] if known else len(mesh.materials) - 1
    mesh.polygons.foreach_set("material_index", np.full(len(mesh.polygons), index, np.int32))
    mesh.update()
