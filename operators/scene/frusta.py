# SPDX-License-Identifier: GPL-3.0-or-later
"""Cameras that are found while a job goes on, as the edges of one mesh."""

from __future__ import annotations

import bpy
import numpy as np

from ..engine import results
from ..narrowing import given
from .cameras import DRAWN

NAME = "tttLRM preview cameras"
CORNERS = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])  # of a picture, as shares of its sides
EDGES = np.array([[0, 1], [0, 2], [0, 3], [0, 4], [1, 2], [2, 3], [3, 4], [4, 1]])


def add_frusta(table: results.CameraTable) -> bpy.types.Object:
    """Add an object of a pyramid for each camera to the scene."""
    obj = bpy.data.objects.new(NAME, frusta_mesh(table))
    given(bpy.context.scene).collection.objects.link(obj)
    return obj


def show_frusta(obj: bpy.types.Object, table: results.CameraTable) -> None:
    """Replace the pyramids of such an object."""
    before, obj.data = obj.data, frusta_mesh(table)
    assert isinstance(before, bpy.types.Mesh)
    bpy.data.meshes.remove(before)


def remove_frusta(obj: bpy.types.Object) -> None:
    """Remove such an object."""
    assert isinstance(obj.data, bpy.types.Mesh)
    bpy.data.meshes.remove(obj.data)  # and the object with it


def frusta_mesh(table: results.CameraTable) -> bpy.types.Mesh:
    """A mesh of edges alone: for each camera its place and the corners of its picture."""
    places = frusta(table)
    edges = (EDGES[None] + 5 * np.arange(len(table))[:, None, None]).reshape(-1, 2)
    mesh = bpy.data.meshes.new(NAME)
    mesh.from_pydata(places.reshape(-1, 3).tolist(), edges.tolist(), [])
    return mesh


def frusta(
    table: results.CameraTable,
) -> np.ndarray:  # [V, 5, 3]
    """The places of cameras, and the corners of their pictures at a distance that suits how far they stand apart."""
    centers = table.c2w[:, :3, 3]
    away = np.linalg.norm(centers - centers.mean(0), axis=1).max(initial=0.0)
    pixels = CORNERS[None] * table.sizes[:, None]
    rays = np.concatenate(
        [(pixels - table.intrinsics[:, None, 2:]) / table.intrinsics[:, None, :2], np.ones((len(table), 4, 1))], 2
    )
    corners = np.einsum("vij,vnj->vni", table.c2w[:, :3, :3], rays) * (DRAWN * away or 1.0) + centers[:, None]
    return np.concatenate([centers[:, None], corners], axis=1)
