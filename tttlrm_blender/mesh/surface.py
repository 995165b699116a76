# SPDX-License-Identifier: GPL-3.0-or-later
"""Extract the zero level of a distance field as a mesh, with vertex colors from the views."""

from __future__ import annotations

import numpy as np
from skimage.measure import marching_cubes
from trimesh import Trimesh

from ..progress import Listen, unheard
from .depth_maps import DepthMaps
from .mesh import make_mesh
from .volume import Volume, no_surface

MAX_DISTANCE = 0.95  # truncation lengths: cells with larger distances lie at the border of the observed space, not at a surface
UNSEEN = 0.5  # gray of vertices that no view shows


def extract_surface(volume: Volume, maps: DepthMaps, listen: Listen = unheard) -> Trimesh:
    """Extract the colored surface of a volume; faces look outward. Raises `TttlrmError` if there is none."""
    try:
        known = _known_cells((volume.weight > 0) & (np.abs(volume.distance) < MAX_DISTANCE))
        vertices, faces, _, _ = marching_cubes(volume.distance, 0.0, mask=known, allow_degenerate=False)
    except (RuntimeError, ValueError) as error:  # marching_cubes raises these if nothing crosses zero
        raise no_surface() from error
    if len(faces) == 0:
        raise no_surface()
    listen()
    vertices = (volume.origin + volume.voxel * vertices.astype(np.float64)).astype(np.float32)
    return make_mesh(vertices, faces, observed_colors(vertices, maps, volume.truncation, listen))


def _known_cells(
    known: np.ndarray,  # [X, Y, Z] bool, of grid points
) -> np.ndarray:  # [X, Y, Z] bool, of cells, indexed by their highest corner as in marching_cubes
    """Mask of the cells whose eight corners are all known."""
    cells = known.copy()
    for axis in range(3):
        lower = np.roll(cells, 1, axis)
        lower[(slice(None),) * axis + (0,)] = False
        cells &= lower
    return cells


def observed_colors(
    vertices: np.ndarray,  # [N, 3]
    maps: DepthMaps,
    tolerance: float,  # largest difference in depth, in world units, between a vertex and the surface that a view shows there
    listen: Listen = unheard,
) -> np.ndarray:  # [N, 3] float32, sRGB 0 to 1
    """Mean color of the pixels that show each vertex, weighted by their confidence."""
    total = np.zeros((len(vertices), 4), dtype=np.float32)
    for view in range(len(maps)):
        listen()
        total += _seen_colors(vertices, maps, view, tolerance)
    colors = total[:, :3] / np.maximum(total[:, 3:], 1e-20)
    return np.where(total[:, 3:] > 0, colors, np.float32(UNSEEN))


def _seen_colors(vertices: np.ndarray, maps: DepthMaps, view: int, tolerance: float) -> np.ndarray:
    """Confidence times color, and confidence, of the pixel that shows each vertex: [N, 4], 0 where hidden or outside."""
    pose = maps.world_to_camera(view).astype(np.float32)
    points = vertices @ pose[:3, :3].T + pose[:3, 3]
    z = points[:, 2]
    focal, middle = np.split(maps.cameras.intrinsics[view].astype(np.float32), 2)
    pixels = np.floor(points[:, :2] / np.maximum(z, 1e-6)[:, None] * focal + middle)
    height, width = maps.depth[view].shape
    inside = (z > 0) & (pixels >= 0).all(axis=1) & (pixels < [width, height]).all(axis=1)
    x, y = np.where(inside[:, None], pixels, 0).astype(np.int32).T
    shown = inside & (np.abs(maps.depth[view][y, x] - z) < tolerance)
    confidence = np.where(shown, maps.confidence[view][y, x], 0)[:, None]
    return np.concatenate([confidence * maps.color[view][y, x] / np.float32(255), confidence], axis=1)
