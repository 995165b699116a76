# SPDX-License-Identifier: GPL-3.0-or-later
"""Meshes from a scene's memory alone: the network's distances say what was seen, its decoder of surfaces where the surface is."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from trimesh import Trimesh

from ..geometry.cameras import Cameras
from ..geometry.rays import unit_rays
from ..geometry.similarity import Similarity
from ..mesh.agreement import agreeing
from ..mesh.depth_maps import DepthMaps, depth_confidence
from ..mesh.fuse import fuse_depth_maps
from ..mesh.pictures import Pictures
from ..model.memory import SceneMemory
from ..model.network import TttLRM
from ..model.patches import unpatched
from ..model.surface import SurfaceDecoder, load_decoder, read_field
from ..progress import Listen, Report
from ..protocol.settings import MeshSettings
from ..stages import Stage
from .scene import Reconstruction


class NetworkSurface:
    """A scene's surface as the decoder sees it, in the world of the cameras."""

    def __init__(self, decoder: SurfaceDecoder, memory: SceneMemory, similarity: Similarity) -> None:
        self.decoder, self.similarity = decoder, similarity
        with torch.no_grad():
            self.planes = decoder.planes(memory)

    def distances(self, points: np.ndarray, listen: Listen) -> np.ndarray:
        """Signed distances [N] of points [N, 3], as far as the decoder knows any."""
        length = float(self.planes.truncation) / self.similarity.scale
        return length * read_field(self.decoder, self.planes, self._normalized(points), listen).distance.cpu().numpy()

    def colors(self, points: np.ndarray, listen: Listen) -> np.ndarray:
        """Colors [N, 3] float32 of points [N, 3]."""
        return read_field(self.decoder, self.planes, self._normalized(points), listen).color.cpu().numpy()

    def _normalized(self, points: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(self.similarity.points(points.astype(np.float64))).to(self.planes.c2w)


def mesh_from_network(
    model: TttLRM, reconstruction: Reconstruction, settings: MeshSettings, report: Report, photos: Pictures | None
) -> Trimesh:
    """The surface of a scene's memory. Raises `TttlrmError` if there is no decoder for these weights, or no surface."""
    decoder = load_decoder(model)
    listen = partial(report, Stage.FUSE_DEPTH, 0)
    listen()
    maps = agreeing(distance_maps(reconstruction.memory, reconstruction.similarity), listen)
    answers = NetworkSurface(decoder, reconstruction.memory, reconstruction.similarity)
    return fuse_depth_maps(maps, settings, report, photos, answers)


def distance_maps(memory: SceneMemory, similarity: Similarity) -> DepthMaps:
    """The network's distances of the query views as depth maps in the world of the cameras."""
    assert memory.guess is not None
    views, height, width = memory.images.shape[:3]
    log_distance, odds = (unpatched(part[None], (height, width), 1)[0, ..., 0] for part in memory.guess)
    flat = unit_rays(memory.intrinsics, height, width)[..., 2]
    depth = (log_distance.exp() * flat / similarity.scale).float().cpu().numpy()
    sizes = np.tile(np.array([width, height]), (views, 1))
    c2w, intrinsics = (part.double().cpu().numpy() for part in (memory.c2w, memory.intrinsics))
    cameras = similarity.inverse().cameras(Cameras(c2w, intrinsics, sizes))
    sure = torch.sigmoid(odds).cpu().numpy()
    confidence = np.stack([depth_confidence(*each) for each in zip(depth, sure, intrinsics, strict=True)])
    return DepthMaps(depth, confidence, np.round(memory.images.cpu().numpy() * 255).astype(np.uint8), cameras)
