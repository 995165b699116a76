# SPDX-License-Identifier: GPL-3.0-or-later
"""Mesh extraction: render depth maps of splats, fuse them, extract, simplify and texture the surface."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from trimesh import Trimesh

from ..errors import Code, TttlrmError, text
from ..gaussians.gaussians import Gaussians
from ..geometry.cameras import Cameras
from ..photos.light import evened, measured_light
from ..photos.load import PhotoSet
from ..progress import Report
from ..protocol.settings import MeshSettings
from ..render.device import to_tensors
from ..render.rasterize import rasterize
from ..stages import Stage
from .depth_maps import DepthMaps, depth_confidence
from .mesh import drop_small_pieces, make_mesh, points_of
from .simplify import simplify
from .surface import extract_surface, observed_colors
from .texture import textured
from .tsdf import integrate
from .volume import Volume, scene_box

FEWEST_VOXELS, MOST_VOXELS = 8, 1024
LONGEST_SIDE = 640  # pixels of a depth map; larger ones cost time and add nothing at usual resolutions


def fuse(
    gaussians: Gaussians[np.ndarray], cameras: Cameras, settings: MeshSettings, report: Report, photos: PhotoSet | None = None
) -> Trimesh:
    """Extract the surface of splats (numpy) as the cameras see it, in world units.

    Depths rendered from every camera are fused into a distance field, whose zero level is the surface. The texture is baked
    from the photos, or without photos from the colors of the splats. If it has no room for the pieces of the mesh, a note says
    so, and the mesh has only vertex colors. Raises `TttlrmError` if no surface is found, and `Cancelled`.
    """
    maps = render_depth_maps(gaussians, cameras, report)
    return fuse_depth_maps(maps, settings, report, photos)


def fuse_depth_maps(maps: DepthMaps, settings: MeshSettings, report: Report, photos: PhotoSet | None = None) -> Trimesh:
    """Extract the surface of depth maps; see `fuse`."""
    low, high = scene_box(maps)
    volume = Volume.over(low, high, voxel_size(float((high - low).max()), settings))
    for view in range(len(maps)):
        report(Stage.FUSE_DEPTH, view / len(maps))
        integrate(volume, maps, view)
    listen = partial(report, Stage.EXTRACT_SURFACE, 0)
    listen()
    mesh = drop_small_pieces(extract_surface(volume, maps, listen), settings.min_piece)
    listen()
    if 0 < settings.faces < len(mesh.faces):
        vertices, faces = simplify(mesh, settings.faces)
        mesh = make_mesh(vertices, faces, observed_colors(vertices, maps, volume.truncation, listen))
    report(Stage.EXTRACT_SURFACE, 1)
    if not settings.texture:
        return mesh
    if photos:
        photos = evened(photos, measured_light(photos, points_of(mesh), listen))
    try:
        return textured(mesh, settings.texture, maps, photos, volume.truncation, report)
    except TttlrmError as error:
        report.note(text("The mesh has only vertex colors: {}", error.words))
        return mesh


def voxel_size(longest: float, settings: MeshSettings) -> float:
    """The side of a voxel in world units, for a scene with this longest side. Raises `TttlrmError` if it is out of range."""
    voxel = settings.voxel or longest / max(settings.resolution, 1)
    if FEWEST_VOXELS <= round(longest / voxel) <= MOST_VOXELS:
        return voxel
    if settings.voxel:
        hint = text("Choose a voxel size of {:.2g} to {:.2g}.", longest / MOST_VOXELS, longest / FEWEST_VOXELS)
        raise TttlrmError(
            "A voxel size of {:g} does not suit this scene, which is {:.3g} long.",
            voxel,
            longest,
            hint=hint,
            code=Code.BAD_SETTINGS,
        )
    hint = text("Choose {} to {}.", FEWEST_VOXELS, MOST_VOXELS)
    raise TttlrmError("A mesh cannot have a resolution of {} voxels.", settings.resolution, hint=hint, code=Code.BAD_SETTINGS)


def render_depth_maps(gaussians: Gaussians[np.ndarray], cameras: Cameras, report: Report) -> DepthMaps:
    """Render depth, color and confidence of splats (numpy) in every view, at the first camera's size or smaller."""
    width, height = (cameras.sizes[0] * min(1, LONGEST_SIDE / cameras.sizes[0].max())).round().astype(int).tolist()
    cameras = cameras.resized(width, height)
    splats = to_tensors(gaussians)
    pictures = []
    for view in range(len(cameras)):
        report(Stage.RENDER_DEPTH, view / len(cameras))
        pictures.append(_render_view(splats, cameras[[view]], (width, height)))
    depth, confidence, color = (np.stack(arrays) for arrays in zip(*pictures, strict=True))
    return DepthMaps(depth, confidence, color, cameras)


@torch.no_grad()
def _render_view(
    splats: Gaussians[torch.Tensor], camera: Cameras, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Render depth [H, W], confidence [H, W] and color [H, W, 3] uint8 of one view."""
    drawn = rasterize(splats, camera, size, surface=True)
    assert drawn.surface
    depth, alpha = drawn.surface.depth[0].cpu().numpy(), drawn.alpha[0].cpu().numpy()
    color = drawn.rgb[0].cpu().numpy() / np.maximum(alpha, 1e-6)[..., None]
    return depth, depth_confidence(depth, alpha, camera.intrinsics[0]), np.round(color.clip(0, 1) * 255).astype(np.uint8)
