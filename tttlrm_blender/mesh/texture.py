# SPDX-License-Identifier: GPL-3.0-or-later
"""Bake the colors that views show of a surface into a texture."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image
from scipy.ndimage import distance_transform_edt
from trimesh import Trimesh

from ..kernels import kernel, spread
from ..photos.load import PhotoSet
from ..progress import Report
from ..stages import Stage
from .depth_maps import DepthMaps
from .mesh import colors_of, make_mesh, mesh_arrays, points_of, vertex_normals
from .tsdf import sample_depth
from .unwrap import Atlas, unwrap

BLOCK = 1 << 18  # texels that are baked together, a limit on memory
QUALITY = 95  # of JPEG


@dataclass(frozen=True)
class Texels:
    """T points on a surface."""

    points: np.ndarray  # [T, 3] float32, world units
    normals: np.ndarray  # [T, 3] float32
    colors: np.ndarray  # [T, 3] float32, sRGB 0 to 1, interpolated from the vertices

    @staticmethod
    def at_vertices(mesh: Trimesh) -> Texels:
        """The vertices of a mesh."""
        return Texels(points_of(mesh), vertex_normals(mesh), colors_of(mesh))

    def interpolated(
        self,
        corners: np.ndarray,  # [S, 3], indices of three of these points each
        barycentric: np.ndarray,  # [S, 3] float32
    ) -> Texels:
        """S points interpolated between these."""
        of = (self.points, self.normals, self.colors)
        return Texels(*(np.einsum("tc,tci->ti", barycentric, values[corners]) for values in of))


def textured(
    mesh: Trimesh,
    size: int,  # of the texture, pixels
    maps: DepthMaps,
    photos: PhotoSet | None,
    tolerance: float,
    report: Report,
) -> Trimesh:
    """Unwrap a mesh and bake its texture; see `bake`. Raises what `unwrap` raises."""
    atlas = unwrap(mesh, size, report)
    picture = bake(mesh, atlas, maps, photos, tolerance, report)
    report(Stage.BAKE_TEXTURE, 1)
    file = BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=QUALITY, subsampling=0)
    texture = np.frombuffer(file.getbuffer(), np.uint8)
    return make_mesh(**mesh_arrays(mesh) | {"uv": atlas.uv, "texture": texture})


def bake(
    mesh: Trimesh,
    atlas: Atlas,
    maps: DepthMaps,
    photos: PhotoSet | None,  # of the same views, for their colors; None to use the colors of the maps
    tolerance: float,  # largest difference in depth, in world units, between a texel and the surface that a view shows there
    report: Report,
) -> np.ndarray:  # [size, size, 3] uint8, sRGB, the first row at the top
    """Bake the texture of an atlas. Texels that no view sees get the vertices' colors, those without a face the nearest texel's.

    Raises `Cancelled`.
    """
    report(Stage.BAKE_TEXTURE, 0)
    places, vertices = np.argwhere(atlas.face_index >= 0), Texels.at_vertices(mesh)
    picture = np.zeros((atlas.size, atlas.size, 3), dtype=np.uint8)
    for start in range(0, len(places), BLOCK):
        report(Stage.BAKE_TEXTURE, start / len(places))
        rows, columns = places[start : start + BLOCK].T
        texels = texels_at(vertices, mesh.faces, atlas, rows, columns)
        total = np.zeros((len(rows), 4), dtype=np.float32)
        for view in range(len(maps)):
            report(Stage.BAKE_TEXTURE, (start + len(rows) * view / len(maps)) / len(places))
            add_view(total, texels, maps, photos, view, tolerance)
        colors = np.where(total[:, 3:] > 0, total[:, :3] / np.maximum(total[:, 3:], 1e-20), texels.colors)
        picture[rows, columns] = np.round(colors.clip(0, 1) * 255)
    report(Stage.BAKE_TEXTURE, 1)
    return _dilated(picture, atlas.face_index >= 0)[::-1]


def texels_at(vertices: Texels, faces: np.ndarray, atlas: Atlas, rows: np.ndarray, columns: np.ndarray) -> Texels:
    """Surface points of texels [T] that have a face, for a mesh with these vertices [N] and faces [M, 3]."""
    covering = atlas.face_index[rows, columns]
    barycentric = clamped_barycentric(atlas.corners[covering], np.stack([columns, rows], axis=1) + 0.5).astype(np.float32)
    return vertices.interpolated(faces[covering], barycentric)


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


def _dilated(
    picture: np.ndarray,  # [size, size, 3]
    covered: np.ndarray,  # [size, size] bool
) -> np.ndarray:  # [size, size, 3]
    """Fill texels that are not covered with the color of the nearest covered one, as mipmaps mix neighbors."""
    rows, columns = distance_transform_edt(~covered, return_distances=False, return_indices=True)
    return picture[rows, columns]


def add_view(total: np.ndarray, texels: Texels, maps: DepthMaps, photos: PhotoSet | None, view: int, tolerance: float) -> None:
    """Add weight times color, and weight, of the pixels of a view that show the texels to `total` [T, 4], in place."""
    spread(
        _add_view, len(texels.points), total, texels.points, texels.normals, *_seen_by(view, maps, photos), np.float32(tolerance)
    )


def _seen_by(view: int, maps: DepthMaps, photos: PhotoSet | None) -> tuple[np.ndarray, ...]:
    """The arguments of `_add_view` for a view, all float32.

    World to camera [4, 4]; intrinsics [4], depth and confidence [H, W] of the map; intrinsics [4], colors [H, W, 3] and weights
    [H, W] of the photo.
    """
    pose, depths = maps.world_to_camera(view).astype(np.float32), maps.cameras.intrinsics[view].astype(np.float32)
    if photos is None:
        colors, weights, intrinsics = maps.color[view] / np.float32(255), None, depths
    else:
        colors, intrinsics = photos.images[view], photos.cameras.intrinsics[view].astype(np.float32)
        weights = None if photos.weights is None else photos.weights[view]
    if weights is None:
        weights = np.ones(colors.shape[:2], dtype=np.float32)
    return pose, depths, maps.depth[view], maps.confidence[view], intrinsics, colors, weights


@kernel
def _add_view(first, last, total, points, normals, pose, depths, depth, confidence, intrinsics, colors, weights, tolerance):
    """Process the texels from `first` up to `last`.

    The weight of a view is its confidence, times a falloff with the distance of its surface from the texel, times its pixel
    density: the cosine over the squared distance in focal lengths.
    """
    for t in range(first, last):
        p, n = points[t], normals[t]
        x = pose[0, 0] * p[0] + pose[0, 1] * p[1] + pose[0, 2] * p[2] + pose[0, 3]
        y = pose[1, 0] * p[0] + pose[1, 1] * p[1] + pose[1, 2] * p[2] + pose[1, 3]
        z = pose[2, 0] * p[0] + pose[2, 1] * p[1] + pose[2, 2] * p[2] + pose[2, 3]
        if z <= 0:
            continue
        u, v = x / z, y / z
        half = np.float32(0.5)
        surface, certainty = sample_depth(depth, confidence, depths[0] * u + depths[2] - half, depths[1] * v + depths[3] - half)
        off = (surface - z) / tolerance
        if certainty <= 0 or abs(off) >= 1:
            continue
        nx = pose[0, 0] * n[0] + pose[0, 1] * n[1] + pose[0, 2] * n[2]
        ny = pose[1, 0] * n[0] + pose[1, 1] * n[1] + pose[1, 2] * n[2]
        nz = pose[2, 0] * n[0] + pose[2, 1] * n[1] + pose[2, 2] * n[2]
        cosine = -(nx * u + ny * v + nz) / np.sqrt(u * u + v * v + 1)
        column, row = intrinsics[0] * u + intrinsics[2] - half, intrinsics[1] * v + intrinsics[3] - half
        if not (cosine > 0 and row >= 0 and column >= 0 and row <= colors.shape[0] - 1 and column <= colors.shape[1] - 1):
            continue
        weight = certainty * (1 - off * off) * cosine * intrinsics[0] * intrinsics[1] / (z * z)
        i, j = min(int(row), colors.shape[0] - 2), min(int(column), colors.shape[1] - 2)
        s, q = column - j, row - i
        for k, share in ((0, (1 - s) * (1 - q)), (1, s * (1 - q)), (2, (1 - s) * q), (3, s * q)):
            a, b = i + k // 2, j + k % 2
            w = weight * share * weights[a, b]
            total[t, 3] += w
            for channel in range(3):
                total[t, channel] += w * colors[a, b, channel]


def add_view_reference(
    total: np.ndarray, texels: Texels, maps: DepthMaps, photos: PhotoSet | None, view: int, tolerance: float
) -> None:
    """`add_view` in plain numpy."""
    pose, depths, depth, confidence, intrinsics, colors, weights = _seen_by(view, maps, photos)
    points, normals = texels.points @ pose[:3, :3].T + pose[:3, 3], texels.normals @ pose[:3, :3].T
    z = points[:, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        rays = points / z[:, None]
        surface, near = _bilinear(depth[..., None], rays, depths)
        certainty, _ = _bilinear(confidence[..., None], rays, depths)
        doubted, _ = _bilinear((confidence <= 0)[..., None].astype(np.float32), rays, depths)
        weighted, inside = _bilinear(np.concatenate([colors * weights[..., None], weights[..., None]], axis=-1), rays, intrinsics)
        off = (surface[:, 0] - z) / tolerance
        cosine = -(normals * rays).sum(axis=1) / np.linalg.norm(rays, axis=1)
        weight = certainty[:, 0] * (1 - off**2) * cosine * intrinsics[0] * intrinsics[1] / z**2
    shown = (z > 0) & near & inside & (doubted[:, 0] == 0) & (np.abs(off) < 1) & (cosine > 0)
    total[shown] += (weight[:, None] * weighted)[shown]


def _bilinear(picture: np.ndarray, rays: np.ndarray, intrinsics: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bilinear samples [T, C] of a picture [H, W, C] at rays [T, 3], and whether all four pixels are inside [T]."""
    places = np.nan_to_num(rays[:, :2] * intrinsics[:2] + intrinsics[2:] - 0.5, nan=-9).clip(-9, 1 << 20)
    corner = np.floor(places).astype(int)
    inside = (corner >= 0).all(axis=1) & (corner < np.array(picture.shape[1::-1]) - 1).all(axis=1)
    s, t = (places - corner).T[..., None]
    x, y = np.where(inside[:, None], corner, 0).T
    upper = picture[y, x] * (1 - s) + picture[y, x + 1] * s
    return upper * (1 - t) + (picture[y + 1, x] * (1 - s) + picture[y + 1, x + 1] * s) * t, inside
