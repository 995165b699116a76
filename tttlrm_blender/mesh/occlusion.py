# SPDX-License-Identifier: GPL-3.0-or-later
"""Ambient occlusion: how much of the sky above each point of a surface is open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from trimesh import Trimesh

from ..geometry.directions import all_around
from ..kernels import kernel, spread
from ..progress import Listen, Report, unheard
from ..stages import Stage
from .texture import PART, dilated, points_at
from .unwrap import Atlas
from .visibility import draw_depth

DIRECTIONS = 96  # evenly over the sphere
SIDE = 512  # pixels along the side of the map of what each direction sees
FAR = 1000.0  # radii of the mesh: so far away, views are almost parallel
BIAS = 1.2  # pixels' widths, over the cosine, by which a point may lie behind what a direction sees
FLATTEST = 0.15  # cosine; directions along the surface say nothing


def bake_occlusion(
    mesh: Trimesh, atlas: Atlas, sky: Sky, report: Report
) -> np.ndarray:  # [size, size] uint8, the first row at the top
    """The share of the sky above each texel that is open, weighted by the cosine; 255 where all is."""
    covered = atlas.face_index >= 0
    texels, picture = np.flatnonzero(covered), np.full(atlas.size**2, 255, np.uint8)
    for start in range(0, len(texels), PART):
        report(Stage.BAKE_TEXTURE, 1)
        part = texels[start : start + PART]
        at = points_at(mesh, atlas, part)
        picture[part] = np.round(255 * sky.openness(at.points, at.normals))
    return dilated(picture.reshape(atlas.size, atlas.size), covered)[::-1]


@dataclass(frozen=True)
class Sky:
    """What D directions see of a mesh from afar."""

    axes: np.ndarray  # [D, 3, 3] float32, rows: right, down and into the picture
    center: np.ndarray  # [3] float32
    radius: float  # of a ball around the mesh, world units
    depth: np.ndarray  # [D, SIDE, SIDE] float32, in radii from the plane through the center, along the view

    @staticmethod
    def over(mesh: Trimesh, listen: Listen = unheard) -> Sky:
        """The directions around a mesh."""
        vertices = np.asarray(mesh.vertices)
        center = (vertices.min(axis=0) + vertices.max(axis=0)) / 2
        radius = max(float(np.linalg.norm(vertices - center, axis=1).max()), 1e-30)
        axes, maps = np.stack([_axes(direction) for direction in all_around(DIRECTIONS)]), []
        for each in axes:
            listen()
            seen = (vertices - center) / radius @ each.T + [0, 0, FAR]
            maps.append(draw_depth(seen, mesh.faces, np.array([FAR, FAR, 1, 1]) * SIDE / 2, (SIDE, SIDE)) - np.float32(FAR))
        return Sky(axes.astype(np.float32), center.astype(np.float32), radius, np.stack(maps))

    def openness(self, points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """How open the sky is above points [T, 3] float32 with normals [T, 3] float32: [T] float32, 0 to 1."""
        result = np.empty(len(points), np.float32)
        places = (points - self.center) / np.float32(self.radius)
        spread(_openness, len(points), result, places, normals, self.axes, self.depth, pieces=4)
        return result


@kernel
def _openness(first, last, result, places, normals, axes, depth):
    """A direction sees a point unless the mesh is nearer to it."""
    half = np.float32(SIDE / 2)
    for point in range(first, last):
        p, n = places[point], normals[point]
        opened, total = np.float32(0), np.float32(0)
        for direction in range(len(axes)):
            a = axes[direction]
            cosine = -(a[2, 0] * n[0] + a[2, 1] * n[1] + a[2, 2] * n[2])
            if cosine <= FLATTEST:
                continue
            total += cosine
            z = a[2, 0] * p[0] + a[2, 1] * p[1] + a[2, 2] * p[2]
            column = int(half * (a[0, 0] * p[0] + a[0, 1] * p[1] + a[0, 2] * p[2] + 1))
            row = int(half * (a[1, 0] * p[0] + a[1, 1] * p[1] + a[1, 2] * p[2] + 1))
            column, row = min(max(column, 0), SIDE - 1), min(max(row, 0), SIDE - 1)
            if z < depth[direction, row, column] + BIAS / (half * cosine):
                opened += cosine
        result[point] = opened / total if total > 0 else 1


def _axes(direction: np.ndarray) -> np.ndarray:
    """Camera axes [3, 3] of a view from a direction toward the origin."""
    into = -direction
    right = np.cross(np.eye(3)[np.abs(into).argmin()], into)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(into, right), into])
