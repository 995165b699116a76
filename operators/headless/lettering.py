# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts as pictures, in Blender's own font, without a window: the triangles of a text object are filled here.

Blender's module `blf` draws into images only in newer versions, and its Python has no library for pictures.
"""

from __future__ import annotations

from functools import lru_cache

import bpy
import numpy as np

from ..narrowing import untyped

FINE = 4  # samples per pixel, along each side
DESCENT, ASCENT = 0.25, 0.95  # below and above the baseline, relative to the size


@lru_cache(maxsize=256)
def lettering(text: str, size: int) -> np.ndarray:  # [H, W] float32
    """How much of each pixel a line of text covers, 0 to 1; `size` is that of the font, in pixels."""
    corners = (_triangles(text) + np.array([0, DESCENT])) * size * FINE
    height = round((DESCENT + ASCENT) * size) * FINE
    width = (int(corners[..., 0].max(initial=0)) // FINE + 1) * FINE
    winding = np.zeros((height, width + 1), np.int32)
    for start in range(3):
        _cross(winding, corners[:, start], corners[:, (start + 1) % 3])
    covered = winding[:, :width].cumsum(axis=1) != 0
    return covered.reshape(height // FINE, FINE, width // FINE, FINE).mean(axis=(1, 3), dtype=np.float32)[::-1]


def _cross(
    winding: np.ndarray,  # [H, W + 1] int32
    starts: np.ndarray,  # [E, 2]
    ends: np.ndarray,  # [E, 2]
) -> None:
    """Count where edges cross rows of samples, up or down: sums along a row tell which samples are inside.

    Edges that two triangles share are crossed both ways at the same place, and cancel.
    """
    up = ends[:, 1] >= starts[:, 1]
    low, high = np.where(up[:, None], starts, ends), np.where(up[:, None], ends, starts)
    first, last = (np.ceil(edge[:, 1] - 0.5).astype(int).clip(0, len(winding)) for edge in (low, high))
    counts = last - first
    edges = np.repeat(np.arange(len(counts)), counts)
    rows = first[edges] + np.arange(len(edges)) - np.repeat(counts.cumsum() - counts, counts)
    along = (rows + 0.5 - low[edges, 1]) / (high - low)[edges, 1]
    columns = np.ceil(low[edges, 0] + along * (high - low)[edges, 0] - 0.5).astype(int).clip(0, winding.shape[1] - 1)
    np.add.at(winding, (rows, columns), np.where(up, 1, -1)[edges])


def _triangles(text: str) -> np.ndarray:  # [T, 3, 2]
    """The triangles of a line of text of size 1, whose baseline is at 0."""
    curve = bpy.data.curves.new("lettering", "FONT")
    untyped(curve).body, untyped(curve).fill_mode = text, "FRONT"
    obj = bpy.data.objects.new("lettering", curve)
    try:
        mesh = untyped(obj.to_mesh())
        mesh.calc_loop_triangles()
        vertices, faces = np.empty((len(mesh.vertices), 3), np.float32), np.empty((len(mesh.loop_triangles), 3), np.int32)
        mesh.vertices.foreach_get("co", vertices.ravel())
        mesh.loop_triangles.foreach_get("vertices", faces.ravel())
        return vertices[faces, :2].astype(np.float64)
    finally:
        obj.to_mesh_clear()
        bpy.data.objects.remove(obj)
        bpy.data.curves.remove(curve)
