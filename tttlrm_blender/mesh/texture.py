# SPDX-License-Identifier: GPL-3.0-or-later
"""Bake the colors that pictures show of a surface into a texture."""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy.ndimage import distance_transform_edt
from scipy.sparse import coo_array, diags_array
from scipy.sparse.linalg import cg
from trimesh import Trimesh

from ..progress import Listen, Report
from ..stages import Stage
from .blend import Points, blended
from .mesh import UNSEEN, points_of, vertex_normals
from .pictures import Pictures
from .unwrap import Atlas

BLOCK = 1 << 23  # texels that are baked together, a limit on memory; the pictures are read again for every block
PART = 1 << 20  # texels that are found together, likewise
EVEN = 1e-3  # of a color: to this, the colors of hidden vertices are those of their surroundings


def bake_colors(
    mesh: Trimesh,
    atlas: Atlas,
    pictures: Pictures,
    report: Report,
) -> np.ndarray:  # [size, size, 3] uint8, sRGB, the first row at the top
    """Bake the texture of an atlas. Texels that no picture sees get colors from around them on the surface.

    Raises `TttlrmError` where a picture cannot be read, and `Cancelled`.
    """
    report(Stage.BAKE_TEXTURE, 0)
    covered, spacing = atlas.face_index >= 0, texel_spacing(mesh, atlas)
    texels, picture = np.flatnonzero(covered), np.zeros((atlas.size**2, 3), dtype=np.uint8)
    around: np.ndarray | None = None
    for start in range(0, len(texels), BLOCK):
        block = texels[start : start + BLOCK]
        hear = partial(_hear, report, start / len(texels), len(block) / len(texels))
        colors, seen = blended(points_at(mesh, atlas, block), points_of(mesh), mesh.faces, pictures, spacing, hear)
        if not seen.all():
            around = vertex_colors(mesh, pictures, spacing, partial(hear, 1)) if around is None else around
            corners, shares = texels_at(mesh.faces, atlas, *np.divmod(block[~seen], atlas.size))
            colors[~seen] = np.einsum("tc,tci->ti", shares, around[corners])
        picture[block] = np.round(colors * 255)
    report(Stage.BAKE_TEXTURE, 1)
    return dilated(picture.reshape(atlas.size, atlas.size, 3), covered)[::-1]


def _hear(report: Report, start: float, share: float, done: float) -> None:
    """Report the progress of a block of texels."""
    report(Stage.BAKE_TEXTURE, start + share * done)


def vertex_colors(mesh: Trimesh, pictures: Pictures, spacing: float, listen: Listen) -> np.ndarray:
    """The colors [N, 3] float32 that pictures show of the vertices; hidden ones get the colors around them."""
    points = Points(points_of(mesh), vertex_normals(mesh))
    colors, seen = blended(points, points.points, mesh.faces, pictures, spacing, lambda share: listen())
    return filled(colors, seen, np.asarray(mesh.edges))


def filled(
    colors: np.ndarray,  # [N, 3]
    known: np.ndarray,  # [N] bool
    edges: np.ndarray,  # [E, 2], pairs of vertices
) -> np.ndarray:  # [N, 3] float32
    """The colors of known vertices, and smooth ones between them: each of the others is the mean of its neighbors."""
    if known.all() or not known.any():
        return np.where(known[:, None], colors, np.float32(UNSEEN)).astype(np.float32)
    mean = colors[known].mean(axis=0)
    result = np.where(known[:, None], colors - mean, 0).astype(np.float64)
    first, second = np.concatenate([edges, edges[:, ::-1]]).T
    links = coo_array((np.ones(len(first)), (first, second)), shape=(len(known),) * 2).tocsr()[~known]
    matrix = diags_array(np.maximum(links.sum(axis=1), 1) * (1 + 1e-6)) - links[:, ~known]
    right = links[:, known] @ result[known]
    for channel in range(3):
        result[~known, channel] = cg(matrix, right[:, channel], rtol=EVEN, maxiter=500)[0]
    return (result + mean).clip(0, 1).astype(np.float32)


def texel_spacing(mesh: Trimesh, atlas: Atlas) -> float:
    """The distance of neighboring texels on the surface, world units."""
    sides = atlas.corners[:, 1:] - atlas.corners[:, :1]
    flat, areas = np.abs(np.linalg.det(sides)) / 2, mesh.area_faces
    on = (atlas.corners.max(axis=(1, 2)) > 0) & (flat > 0)  # faces on the atlas
    return float(np.sqrt(areas[on].sum() / max(flat[on].sum(), 1e-300)))


def points_at(mesh: Trimesh, atlas: Atlas, texels: np.ndarray) -> Points:
    """The points of texels [T] that have a face, counted row by row."""
    surface = points_of(mesh), vertex_normals(mesh)
    found = Points(*np.empty((2, len(texels), 3), np.float32))
    for start in range(0, len(texels), PART):
        corners, shares = texels_at(mesh.faces, atlas, *np.divmod(texels[start : start + PART], atlas.size))
        for to, values in zip((found.points, found.normals), surface, strict=True):
            to[start : start + PART] = np.einsum("tc,tci->ti", shares, values[corners])
    return found


def texels_at(
    faces: np.ndarray,  # [M, 3]
    atlas: Atlas,
    rows: np.ndarray,  # [T]
    columns: np.ndarray,  # [T]
) -> tuple[np.ndarray, np.ndarray]:  # [T, 3], [T, 3] float32
    """The vertices around texels that have a face, and barycentric coordinates."""
    covering = atlas.face_index[rows, columns]
    places = np.stack([columns, rows], axis=1) + 0.5
    return faces[covering], clamped_barycentric(atlas.corners[covering], places).astype(np.float32)


def clamped_barycentric(
    triangles: np.ndarray,  # [T, 3, 2]
    places: np.ndarray,  # [T, 2]
) -> np.ndarray:  # [T, 3]
    """Barycentric coordinates of points, clamped to 0 outside of their triangles."""
    x, y = np.moveaxis(triangles - places[:, None], -1, 0)
    shares = np.stack([x[:, i] * y[:, j] - x[:, j] * y[:, i] for i, j in ((1, 2), (2, 0), (0, 1))], axis=1)
    shares = np.maximum(shares * np.sign(shares.sum(axis=1, keepdims=True)), 0)
    total = shares.sum(axis=1, keepdims=True)
    return np.where(total > 0, shares / np.maximum(total, 1e-300), 1 / 3)


def dilated(
    picture: np.ndarray,  # [size, size, …]
    covered: np.ndarray,  # [size, size] bool
) -> np.ndarray:  # [size, size, …]
    """Fill texels that are not covered with the color of the nearest covered one, as mipmaps mix neighbors."""
    rows, columns = distance_transform_edt(~covered, return_distances=False, return_indices=True)
    return picture[rows, columns]
