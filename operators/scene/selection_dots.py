# SPDX-License-Identifier: GPL-3.0-or-later
"""A dot in the 3D views on every selected splat, whoever draws the splats themselves."""

from __future__ import annotations

from typing import Any

import bpy
import gpu
import numpy as np
from bpy.app.handlers import persistent
from gpu_extras.batch import batch_for_shader

from ..narrowing import given, untyped
from . import masks, points
from .splats import is_splats

COLOR, SIZE = (0.2, 0.9, 1.0, 1.0), 3.0  # unlike the orange of selected objects; pixels
MOST = 100_000  # dots of one object; of more, an even choice

_batches: dict[int, tuple[bytes, gpu.types.GPUBatch]] = {}  # by the clouds' `session_uid`: packed mask, and what it looks like
_handlers: list[Any] = []


def _draw() -> None:
    if not untyped(bpy.context.space_data).overlay.show_overlays:
        return
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    gpu.state.point_size_set(SIZE * given(bpy.context.preferences).system.pixel_size)
    for obj in bpy.context.visible_objects:
        if is_splats(obj) and (mask := masks.selected(obj)) is not None:
            with gpu.matrix.push_pop():
                gpu.matrix.multiply_matrix(obj.matrix_world)
                shader.uniform_float("color", COLOR)
                _batch(points.cloud_of(obj), mask, shader).draw(shader)
    gpu.state.point_size_set(1.0)


def _batch(cloud: bpy.types.PointCloud, mask: np.ndarray, shader: gpu.types.GPUShader) -> gpu.types.GPUBatch:
    """The dots of a mask, made anew when it changes."""
    packed = np.packbits(mask).tobytes()
    known = _batches.get(cloud.session_uid)
    if known is None or known[0] != packed:
        chosen = np.flatnonzero(mask)
        chosen = chosen[:: len(chosen) // MOST + 1]
        dots = points.read(cloud, "position").reshape(-1, 3)[chosen]
        known = packed, batch_for_shader(shader, "POINTS", {"pos": dots})
        _batches[cloud.session_uid] = known
    return known[1]


@persistent
def _forget(scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph) -> None:
    """Points that moved under the same mask."""
    if any(isinstance(update.id, bpy.types.PointCloud) for update in depsgraph.updates):
        _batches.clear()


def start() -> None:
    """Draw them from now on."""
    _handlers.append(bpy.types.SpaceView3D.draw_handler_add(_draw, (), "WINDOW", "POST_VIEW"))
    bpy.app.handlers.depsgraph_update_post.append(_forget)


def stop() -> None:
    """Draw them no more."""
    bpy.app.handlers.depsgraph_update_post.remove(_forget)
    bpy.types.SpaceView3D.draw_handler_remove(_handlers.pop(), "WINDOW")
    _batches.clear()
