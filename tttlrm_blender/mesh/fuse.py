# SPDX-License-Identifier: GPL-3.0-or-later
"""Mesh extraction: render depth maps of splats, fuse them, extract, simplify and texture the surface."""

from __future__ import annotations

from functools import partial
from typing import Protocol

import numpy as np
import torch
from trimesh import Trimesh

from ..errors import Code, TttlrmError, text
from ..gaussians.gaussians import Gaussians
from ..gaussians.ground import find_ground
from ..geometry.cameras import Cameras
from ..progress import Listen, Report
from ..protocol.settings import MeshSettings
from ..render.device import to_tensors
from ..render.rasterize import rasterize
from ..stages import Stage
from ..stereo.dense import DenseDepth
from .agreement import agreeing
from .blocks import SIDE, Blocks, blocks_near, integrate
from .close import closed
from .dense_depth import with_dense_depth
from .depth_maps import DepthMaps, depth_confidence, pixel_size
from .finish import finish
from .ground import with_ground
from .known_planes import completed
from .manifold import manifold
from .mesh import drop_small_pieces, make_mesh, points_of
from .pictures import PhotoPictures, Pictures, Pixels, SplatPictures
from .pieces import CRUMB, USUAL, confirmed
from .scene_box import scene_box
from .settle import settled
from .sky import without_sky
from .surface import extract_surface, observed_colors
from .textured import textured

FEWEST_VOXELS, MOST_VOXELS = 8, 2048
FAITH = 0.1  # in the depth of splats where photos confirm nothing, relative to that of photos
TOO_FEW = 0.1  # share of the pixels that must be left where views agree, or there is hardly a surface
GROUND = 0.005  # height up to which things count as ground, relative to the longest side of the scene
FINENESS = 1.5  # automatic side of voxels, in pixels on the nearer surfaces
LONGEST_SIDE = 640  # pixels of a depth map; larger ones cost time and add nothing at usual resolutions


def fuse(
    gaussians: Gaussians[np.ndarray],
    cameras: Cameras,
    settings: MeshSettings,
    report: Report,
    photos: PhotoPictures | None = None,
    found: DenseDepth | None = None,
) -> Trimesh:
    """Extract the surface of splats (numpy) as the cameras see it, in world units.

    Depths of every camera are fused into a distance field, whose zero level is the surface: the dense depth of the photos where
    they confirm it, elsewhere that of the splats, and both only where other views agree; where they do not, planes that photos
    confirm, and the ground. The sky is left out. With photos, the surface settles where they agree on its colors. The texture is
    baked from the photos, or without photos from the colors of the splats. If it has no room for the pieces of the mesh, a note
    says so, and the mesh has only vertex colors. Raises `TttlrmError` if no surface is found, and `Cancelled`.
    """
    splats = render_depth_maps(gaussians, found.cameras if found else cameras, report)
    pixels = photos.pixels(*splats.depth.shape[1:]) if photos else None
    if pixels is not None:
        splats = without_sky(splats, pixels.colors)
    maps = with_dense_depth(splats, found, FAITH, pixels.colors if pixels else None) if found else splats
    listen = partial(report, Stage.FUSE_DEPTH, 0)
    agreed = agreeing(maps, listen)
    if np.count_nonzero(agreed.confidence) < TOO_FEW * np.count_nonzero(maps.confidence):
        note = "The views hardly agree on a surface, so the mesh shows all that the splats show. Refine the splats first."
        report.note(text(note))
        agreed = maps
    elif pixels is not None:
        agreed = completed(agreed, splats, pixels.colors, FAITH, listen)
        agreed = with_ground(agreed, splats, pixels.colors, FAITH, listen)
    return fuse_depth_maps(agreed, settings, report, photos, pixels=pixels, faith=FAITH if found else np.inf)


class Answers(Protocol):
    """What else than depth maps can say where the surface near them is, such as a network."""

    def distances(self, points: np.ndarray, listen: Listen) -> np.ndarray:
        """Signed distances [N] in world units, positive outside, of points [N, 3]; far ones may be nearer."""

    def colors(self, points: np.ndarray, listen: Listen) -> np.ndarray:
        """Colors [N, 3] float32 of points [N, 3], sRGB 0 to 1."""


def fuse_depth_maps(
    maps: DepthMaps,
    settings: MeshSettings,
    report: Report,
    photos: Pictures | None = None,
    answers: Answers | None = None,
    pixels: Pixels | None = None,
    faith: float = np.inf,
) -> Trimesh:
    """Extract the surface of depth maps; see `fuse`. With `answers`, depth maps only tell what was seen, and these the rest.

    With `pixels` of the photos at the size of the maps, the surface settles where these agree. Depth of more confidence than
    `faith` is that of photos, which spare pieces.
    """
    listen = partial(report, Stage.FUSE_DEPTH, 0)
    low, high = scene_box(maps)
    longest = float((high - low).max())
    blocks = blocks_near(maps, low, high, voxel_size(maps, longest, settings), listen=listen)
    for view in range(len(maps)):
        report(Stage.FUSE_DEPTH, view / len(maps))
        integrate(blocks, maps, view)
    if answers:
        _ask(blocks, answers, partial(report, Stage.FUSE_DEPTH, 1))
    listen = partial(report, Stage.EXTRACT_SURFACE, 0)
    listen()
    surface = extract_surface(blocks, listen)
    points = points_of(surface)
    colors = answers.colors(points, listen) if answers else observed_colors(points, maps, blocks.truncation, listen)
    dense = cleaned(make_mesh(points, surface.faces, colors), maps, longest, settings, faith, listen)
    if pixels is not None:
        dense = settled(dense, maps, FAITH, pixels, listen)
    photos = photos.in_even_light(points_of(dense), listen) if photos else None
    return finish(dense, settings, partial(_painted, photos, maps, settings, report), listen)


def _ask(blocks: Blocks, answers: Answers, listen: Listen) -> None:
    """Replace the distances of what was seen near a surface, in place."""
    near = (blocks.weight > 0) & (np.abs(blocks.distance) < 1)
    block, *within = np.nonzero(near)
    grid = SIDE * blocks.places[block] + np.stack(within, axis=1)
    found = answers.distances(blocks.origin + blocks.voxel * grid, listen)
    blocks.distance[near] = np.clip(found / blocks.truncation, -1, 1)


def _painted(
    photos: Pictures | None, maps: DepthMaps, settings: MeshSettings, report: Report, mesh: Trimesh, dense: Trimesh, size: int
) -> Trimesh:
    """A mesh with its images. With notes, they have the splats' colors if photos cannot be read; none if they have no room."""
    report(Stage.EXTRACT_SURFACE, 1)
    if not size:
        return mesh
    for pictures in filter(None, (photos, SplatPictures(maps))):
        try:
            return textured(mesh, settings, pictures, report, None if dense is mesh else dense, size)
        except TttlrmError as error:
            if error.code != Code.BAD_PHOTO:
                report.note(text("The mesh has only vertex colors: {}", error.words))
                break
            note = "The texture has the colors of the splats: {} To use the photos for it, reconstruct the scene again."
            report.note(text(note, error.text))
    return mesh


def cleaned(surface: Trimesh, maps: DepthMaps, longest: float, settings: MeshSettings, faith: float, listen: Listen) -> Trimesh:
    """A manifold, for a scene with this longest side, without small pieces and holes and, if wanted, without the ground."""
    if settings.cut_ground:
        surface = without_ground(surface, maps.cameras.c2w, longest)
        listen()
    crumb = CRUMB if settings.min_piece <= USUAL else settings.min_piece
    spared = partial(confirmed, maps=maps, faith=faith, listen=listen)
    surface = drop_small_pieces(manifold(surface, listen), settings.min_piece, crumb, spared)
    listen()
    return closed(surface, np.pi * settings.fill_holes * longest, listen) if settings.fill_holes else surface


def without_ground(surface: Trimesh, c2w: np.ndarray, longest: float) -> Trimesh:
    """A surface without what lies in or below the ground. Raises `TttlrmError` if nothing is left."""
    ground = find_ground(surface.vertices, np.ones(len(surface.vertices)), c2w)
    above = surface.vertices @ ground.normal - ground.offset > GROUND * longest
    kept = surface.copy()
    kept.update_faces(above[surface.faces].all(axis=1))
    kept.remove_unreferenced_vertices()
    if not len(kept.faces):
        raise TttlrmError("Nothing stands on the ground.", hint="Turn off Cut Ground.", code=Code.NO_SURFACE)
    return kept


def voxel_size(maps: DepthMaps, longest: float, settings: MeshSettings) -> float:
    """The side of a voxel in world units, for a scene with this longest side. Raises `TttlrmError` if it is out of range."""
    if not settings.voxel and not settings.resolution:
        return float(np.clip(FINENESS * pixel_size(maps), longest / MOST_VOXELS, longest / FEWEST_VOXELS))
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
