# SPDX-License-Identifier: GPL-3.0-or-later
"""Time texturing a mesh, and measure how closely the texture and vertex colors match held-out photos.

python -m benchmarks.texture PHOTOS SPLATS [--faces 100000] [--texture 2048] [--picture FILE.png [--view 0]]

SPLATS is the file that `tttlrm reconstruct PHOTOS --hold-out 8 --refine 1000` writes; PHOTOS have cameras beside them. Figures
are means over the pixels that show the mesh, then over those where its depth is that of the splats: the other pixels show how
well the surface was found, not how well it was textured.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image
from trimesh import Trimesh

from benchmarks.table import Row, show
from tttlrm_blender.gaussians.formats.registry import read_splats
from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.mesh.depth_maps import DepthMaps
from tttlrm_blender.mesh.face_raster import rasterize_faces
from tttlrm_blender.mesh.fuse import fuse_depth_maps, render_depth_maps
from tttlrm_blender.mesh.mesh import colors_of, points_of, texture_of, uv_of
from tttlrm_blender.mesh.pictures import PhotoPictures
from tttlrm_blender.mesh.texture import clamped_barycentric
from tttlrm_blender.photos.load import PhotoSet, load_photos
from tttlrm_blender.photos.selection import hold_out
from tttlrm_blender.poses.find import find_photos
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import MeshSettings

HOLD_OUT = 8
NEAREST = 1e-3  # world units; faces that reach nearer to a camera are not drawn
AGREE = 0.01  # relative difference of depth allowed between mesh and splats


class Clock(Report):
    """Measures the seconds spent in each stage."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: dict[str, float] = {}
        self._stage, self._start = "", 0.0

    def progress(self, stage: str, fraction: float) -> None:
        now = time.perf_counter()
        if self._stage:
            self.seconds[self._stage] = self.seconds.get(self._stage, 0) + now - self._start
        self._stage, self._start = stage, now


def main() -> None:
    """Print the table."""
    show(rows(parse()))


def rows(options: argparse.Namespace) -> Iterator[Row]:
    """The seconds of each stage, then the figures of vertex colors and texture."""
    files, tested = hold_out(find_photos(options.photos, "auto", Report()), HOLD_OUT)
    photos, unseen, splats = load_photos(files), load_photos(tested), read_splats(options.splats)
    maps, truth = (render_depth_maps(splats, each.cameras, Report()) for each in (photos, unseen))
    settings = MeshSettings(faces=options.faces, texture=options.texture)
    fuse_depth_maps(maps, MeshSettings(resolution=16, texture=64), Report(), PhotoPictures(files, photos))  # compiles the kernels
    clock = Clock()
    mesh = fuse_depth_maps(maps, settings, clock, PhotoPictures(files, photos))
    yield from (Row(stage, seconds) for stage, seconds in clock.seconds.items())
    yield Row(f"texture of {options.texture} pixels, JPEG", len(texture_of(mesh)) / 1e6, unit="MB")
    yield Row("share of the texture covered", 100 * charts_area(mesh), unit="%")
    ways = {"vertex colors": vertex_colors(mesh), "texture": texture_colors(mesh)}
    drawn = {way: [look(mesh, unseen.cameras, view, colors) for view in range(len(unseen))] for way, colors in ways.items()}
    for way, pictures in drawn.items():
        yield Row(f"{way}, everywhere", mean_psnr(pictures, unseen, None), unit="dB")
        yield Row(f"{way}, where the mesh is right", mean_psnr(pictures, unseen, truth), unit="dB")
    if options.picture:
        shown = [unseen.images[options.view], *(pictures[options.view][0] for pictures in drawn.values())]
        Image.fromarray((np.concatenate(shown, axis=1).clip(0, 1) * 255).astype(np.uint8)).save(options.picture)


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("splats", type=Path)
    parser.add_argument("--faces", type=int, default=100_000)
    parser.add_argument("--texture", type=int, default=2048)
    parser.add_argument("--picture", type=Path, help="write a held-out photo beside both meshes, seen from its camera")
    parser.add_argument("--view", type=int, default=0, help="index of that photo")
    return parser.parse_args()


def charts_area(mesh: Trimesh) -> float:
    """The share of the texture that faces cover."""
    uv = uv_of(mesh)
    sides = uv[:, 1:] - uv[:, :1]
    return float(np.abs(np.linalg.det(sides.astype(np.float64))).sum() / 2)


def look(mesh: Trimesh, cameras: Cameras, view: int, colors: Callable) -> tuple[np.ndarray, np.ndarray]:
    """A mesh as a camera sees it: colors [H, W, 3] and depths [H, W], 0 for the background."""
    pose, (fx, fy, cx, cy) = np.linalg.inv(cameras.c2w[view]), cameras.intrinsics[view]
    width, height = cameras.sizes[view].tolist()
    corners = (points_of(mesh) @ pose[:3, :3].T + pose[:3, 3])[mesh.faces]
    before = np.flatnonzero((corners[..., 2] > NEAREST).all(axis=1))
    corners = corners[before]
    flat = corners[..., :2] / corners[..., 2:] * [fx, fy] + [cx, cy]
    front, _ = rasterize_faces(flat, 1 / corners[..., 2], height, width)
    rows, columns = np.nonzero(front >= 0)
    faces = front[rows, columns]
    shares = clamped_barycentric(flat[faces], np.stack([columns, rows], axis=1) + 0.5) / corners[faces][..., 2]
    picture, depth = np.zeros((height, width, 3)), np.zeros((height, width))
    depth[rows, columns] = 1 / shares.sum(axis=1)
    picture[rows, columns] = colors(before[faces], shares / shares.sum(axis=1, keepdims=True))
    return picture, depth


def vertex_colors(mesh: Trimesh) -> Callable:
    """A function that interpolates vertex colors [T, 3] for faces [T] and barycentric coordinates [T, 3]."""
    return lambda faces, shares: np.einsum("tc,tci->ti", shares, colors_of(mesh)[mesh.faces[faces]])


def texture_colors(mesh: Trimesh) -> Callable:
    """The same for the texture, with bilinear interpolation."""
    picture = np.asarray(Image.open(BytesIO(texture_of(mesh).tobytes())))[::-1] / 255
    last = len(picture) - 1

    def colors(faces: np.ndarray, shares: np.ndarray) -> np.ndarray:
        places = np.einsum("tc,tci->ti", shares, uv_of(mesh)[faces].astype(np.float64)) * len(picture) - 0.5
        x, y = (low := np.floor(places).astype(int).clip(0, last - 1)).T
        s, t = (places - low).T[..., None]
        upper, lower = ((1 - s) * picture[row, x] + s * picture[row, x + 1] for row in (y, y + 1))
        return (1 - t) * upper + t * lower

    return colors


def mean_psnr(pictures: list[tuple[np.ndarray, np.ndarray]], photos: PhotoSet, truth: DepthMaps | None) -> float:
    """Mean PSNR in dB over the pixels that show the mesh; with `truth`, only where the depths agree."""
    figures = []
    for view, (picture, depth) in enumerate(pictures):
        counts = depth > 0
        if truth is not None:
            rows, columns = (np.arange(n) * m // n for n, m in zip(depth.shape, truth.depth.shape[1:], strict=True))
            splats = truth.depth[view][rows][:, columns]
            counts &= np.abs(splats - depth) < AGREE * splats
        figures.append(-10 * np.log10(np.square(picture - photos.images[view])[counts].mean()))
    return float(np.mean(figures))


if __name__ == "__main__":
    main()
