# SPDX-License-Identifier: GPL-3.0-or-later
"""Extract the zero level of a distance field as a mesh, with vertex colors from the views."""

from __future__ import annotations

import numpy as np
from skimage.measure import marching_cubes
from trimesh import Trimesh

from ..kernels import kernel, spread
from ..progress import Listen, unheard
from .blocks import SIDE, Blocks, part, smooth
from .depth_maps import DepthMaps
from .mesh import UNSEEN
from .scene_box import no_surface

MAX_DISTANCE = 0.95  # truncation lengths: cells with larger distances lie at the border of the observed space, not at a surface
CHUNK = 4  # blocks along the cubes that are extracted one by one
SMOOTHING = 1.0  # voxels


def extract_surface(blocks: Blocks, listen: Listen = unheard) -> Trimesh:
    """Extract the surface of a field, without colors; faces look outward. Raises `TttlrmError` if there is none."""
    blocks, parts = smooth(blocks, SMOOTHING), []
    for place in np.unique(blocks.places // CHUNK, axis=0):
        listen()
        parts.append(_extracted(blocks, place * CHUNK * SIDE))
    vertices, faces = welded([part for part in parts if len(part[1])])
    return Trimesh(blocks.origin + blocks.voxel * vertices, faces, process=False)


def _extracted(
    blocks: Blocks,
    first: np.ndarray,  # [3]
) -> tuple[np.ndarray, np.ndarray]:  # [N, 3] float64, [M, 3]
    """Vertices, in grid points, and faces of the surface in the cube of cells from a grid point on."""
    distance, weight = part(blocks, first, CHUNK * SIDE + 1)
    known = _known_cells((weight > 0) & (np.abs(distance) < MAX_DISTANCE))
    try:
        vertices, faces, _, _ = marching_cubes(distance, 0.0, mask=known, allow_degenerate=False)
    except (RuntimeError, ValueError):  # marching_cubes raises these if nothing crosses zero
        return np.empty((0, 3)), np.empty((0, 3), np.int64)
    return vertices.astype(np.float64) + first, faces


def welded(parts: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """One mesh of the surfaces of neighboring cubes: vertices [N, 3] and faces [M, 3]. Raises `TttlrmError` if there is none.

    Both cubes beside a wall find the same vertices on it, to the last bit.
    """
    if not parts:
        raise no_surface()
    starts = np.cumsum([0, *(len(vertices) for vertices, _ in parts)])
    vertices = np.concatenate([vertices for vertices, _ in parts])
    faces = np.concatenate([faces + start for (_, faces), start in zip(parts, starts, strict=False)])
    shared = np.flatnonzero((vertices % (CHUNK * SIDE) == 0).any(axis=1))
    _, first, one = np.unique(vertices[shared], axis=0, return_index=True, return_inverse=True)
    target = np.arange(len(vertices))
    target[shared] = shared[first][one.reshape(-1)]
    faces = target[faces]
    used = np.zeros(len(vertices), bool)
    used[faces] = True
    return vertices[used], (np.cumsum(used) - 1)[faces]


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
    total, vertices = np.zeros((len(vertices), 4), np.float32), np.ascontiguousarray(vertices, np.float32)
    for view in range(len(maps)):
        listen()
        pose, lens = maps.world_to_camera(view).astype(np.float32), maps.cameras.intrinsics[view].astype(np.float32)
        shown = maps.depth[view], maps.confidence[view], maps.color[view]
        spread(_add_colors, len(vertices), vertices, pose, lens, np.float32(tolerance), *shown, total)
    colors = total[:, :3] / np.maximum(total[:, 3:], 1e-20)
    return np.where(total[:, 3:] > 0, colors, np.float32(UNSEEN))


@kernel
def _add_colors(first, last, vertices, pose, lens, tolerance, depth, confidence, color, total) -> None:
    """Add confidence times color, and confidence, of the pixel of a view that shows each vertex from `first` up to `last`."""
    height, width = depth.shape
    for v in range(first, last):
        x, y, z = vertices[v, 0], vertices[v, 1], vertices[v, 2]
        ahead = pose[2, 0] * x + pose[2, 1] * y + pose[2, 2] * z + pose[2, 3]
        if not ahead > 0:
            continue
        across = (pose[0, 0] * x + pose[0, 1] * y + pose[0, 2] * z + pose[0, 3]) / ahead * lens[0] + lens[2]
        down = (pose[1, 0] * x + pose[1, 1] * y + pose[1, 2] * z + pose[1, 3]) / ahead * lens[1] + lens[3]
        if 0 <= across < width and 0 <= down < height:
            column, row = int(across), int(down)
            if abs(depth[row, column] - ahead) < tolerance:
                sure = confidence[row, column]
                for channel in range(3):
                    total[v, channel] += sure * color[row, column, channel] / np.float32(255)
                total[v, 3] += sure
