# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos beside Blender's renders of their reconstruction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from operators.narrowing import given, untyped
from operators.scene.cameras import background_photo
from operators.scene.drawing import blend_as_trained, drawn_by_blender
from operators.scene.pictures import write_picture

from .suzanne import render, render_settings, set_sky

context: Any = bpy.context  # untyped: fake-bpy-module does not know which attributes exist in which area

GAP = 4  # pixels between the pictures
SAMPLES = 2  # rays through splats are slow, and the denoiser is good


def compare(
    cameras: list[bpy.types.Object],  # with their photos as backgrounds
    splats: bpy.types.Object,
    mesh: bpy.types.Object,
    path: Path,
) -> float:
    """Write a row per camera: photo | splats | mesh, rendered by Cycles. Returns the PSNR of the splats' renders in dB.

    Splats are blended as they were trained, in sRGB: in linear light, faint ones in front of dark ground look like haze.
    """
    _light()
    rows = [_row(camera, splats, mesh, path.parent) for camera in cameras]
    write_picture(path, np.concatenate([_framed(row) for row in rows]))
    errors = [np.square(photo - drawn).mean() for photo, drawn, _ in rows]
    return float(np.mean(-10 * np.log10(errors)))


def _light() -> None:
    """Add a white sky that cameras do not see, because meshes, unlike splats, emit no light."""
    scene = context.scene
    render_settings(scene, SAMPLES)
    set_sky((1.0, 1.0, 1.0))
    scene.render.film_transparent = True


def _row(camera: bpy.types.Object, splats: bpy.types.Object, mesh: bpy.types.Object, folder: Path) -> list[np.ndarray]:
    """The photo and the two renders, each [H, W, 3] sRGB on black."""
    photo = _pixels(given(background_photo(camera)))
    return [photo, *_renders(camera, (splats, mesh), (photo.shape[1], photo.shape[0]), folder / "render.png")]


def _renders(
    camera: bpy.types.Object, things: tuple[bpy.types.Object, ...], size: tuple[int, int], path: Path
) -> Iterator[np.ndarray]:
    for shown in things:
        for thing in things:
            thing.hide_render = thing is not shown
        with _as_trained(shown):
            render(camera, size, path)
        image = bpy.data.images.load(str(path))
        yield _pixels(image)
        bpy.data.images.remove(image)
        path.unlink()
    for thing in things:
        thing.hide_render = thing.type == "MESH"


@contextmanager
def _as_trained(thing: bpy.types.Object) -> Iterator[None]:
    """Within the block, splats that Blender does not draw by itself are rendered as exactly as they can be."""
    if thing.type != "POINTCLOUD" or drawn_by_blender():
        yield
        return
    view = context.scene.view_settings
    before, view.view_transform = view.view_transform, "Raw"
    blend_as_trained(thing, True)
    yield
    blend_as_trained(thing, False)
    view.view_transform = before


def _pixels(image: bpy.types.Image) -> np.ndarray:
    """[H, W, 3] sRGB on black, first row at the top."""
    width, height = image.size
    values = np.empty((height, width, 4), dtype=np.float32)
    untyped(image.pixels).foreach_get(values.ravel())
    return values[::-1, :, :3] * values[::-1, :, 3:]


def _framed(pictures: list[np.ndarray]) -> np.ndarray:
    """Images side by side, with white between and around them."""
    edges = ((GAP // 2, GAP // 2), (GAP // 2, GAP // 2), (0, 0))
    return np.concatenate([np.pad(picture, edges, constant_values=1) for picture in pictures], axis=1)
