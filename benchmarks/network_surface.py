# SPDX-License-Identifier: GPL-3.0-or-later
"""Surfaces from the network's memory on held-out procedural scenes, against exact ones.

python -m benchmarks.network_surface [--scenes 8] [--decoder FILE]

Each scene has 8 photos of 128×128. Two meshes: the network's own distances, fused where views agree, and the decoder's answers at
the same points. Distances are in percent of the longest side of what the photos show; a mesh that is wrong is measured by exact
distances, one that is missing by the points that the photos show.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
import trimesh
from scipy.spatial import cKDTree
from trimesh import Trimesh

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.geometry.similarity import normalize
from tttlrm_blender.mesh.agreement import agreeing
from tttlrm_blender.mesh.depth_maps import DepthMaps, surface_points
from tttlrm_blender.mesh.fuse import fuse_depth_maps
from tttlrm_blender.mesh.scene_box import scene_box
from tttlrm_blender.model.checkpoint import load_checkpoint
from tttlrm_blender.model.memory import encode
from tttlrm_blender.model.network import TttLRM
from tttlrm_blender.model.surface import DECODER, SurfaceDecoder, load_decoder
from tttlrm_blender.pipeline.network_surface import NetworkSurface, distance_maps
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import MeshSettings
from tttlrm_blender.train.casting import draw
from tttlrm_blender.train.distance import sample_surface, signed_distance
from tttlrm_blender.train.layouts import sample_views
from tttlrm_blender.train.plan import HELD_OUT
from tttlrm_blender.train.sampling import generator_for
from tttlrm_blender.train.worlds import sample_world

VIEWS, SIZE, SAMPLES = 8, (128, 128), 20_000
SETTINGS = MeshSettings(faces=0, texture=0)


def measured(model: TttLRM, decoder: SurfaceDecoder, number: int) -> dict[str, np.ndarray]:
    """Figures of one held-out scene by kind of mesh: F at 1 %, F at 0.5 %, and Chamfer distance; zeros where there is no mesh."""
    generator = generator_for(HELD_OUT, number)
    cameras = sample_views(generator, 1, VIEWS, SIZE)
    world = sample_world(generator, cameras).at(0)
    images, depth = draw(world, cameras.at(0), SIZE, 2)
    poses, lenses = (part[0].double().numpy() for part in (cameras.c2w, cameras.intrinsics))
    placed = Cameras(poses, lenses, np.tile(np.array(SIZE), (VIEWS, 1)))
    normal, similarity = normalize(placed)
    memory = encode(model, images.numpy(), normal.c2w, normal.intrinsics)
    exact = DepthMaps(depth.numpy(), (depth > 0).float().numpy(), np.zeros((*depth.shape, 3), np.uint8), placed)
    low, high = scene_box(exact)
    seen = np.concatenate(list(surface_points(exact, 2)))
    seen = seen[((seen >= low) & (seen <= high)).all(1)]
    surface = sample_surface(generator, world)
    percent = float((high - low).max()) / 100

    def score(mesh: Trimesh) -> np.ndarray:
        points = np.asarray(trimesh.sample.sample_surface(mesh, SAMPLES, seed=0)[0])
        points = points[((points >= low) & (points <= high)).all(1)]
        wrong = signed_distance(world, surface, torch.from_numpy(points).float()).abs().numpy() / percent
        missing = cKDTree(points).query(seen)[0] / percent
        right = [((wrong < most).mean(), (missing < most).mean()) for most in (1.0, 0.5)]
        return np.array([*(2 * p * r / max(p + r, 1e-9) for p, r in right), (wrong.mean() + missing.mean()) / 2])

    maps = agreeing(distance_maps(memory, similarity))
    answers = {"network's distances, fused": None, "decoder": NetworkSurface(decoder, memory, similarity)}
    found = {}
    for name, answer in answers.items():
        try:
            found[name] = score(fuse_depth_maps(maps, SETTINGS, Report(), None, answer))
        except TttlrmError:
            found[name] = np.zeros(3)
    return found


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--scenes", type=int, default=8)
    parser.add_argument("--decoder", type=Path, default=DECODER)
    args = parser.parse_args()
    model = load_checkpoint("default")
    decoder = load_decoder(model, args.decoder)
    rows = [measured(model, decoder, number) for number in range(args.scenes)]
    for name in rows[0]:
        f1, f05, chamfer = np.mean([row[name] for row in rows], axis=0)
        print(f"{name}: F 1 % {f1:.3f}, F 0.5 % {f05:.3f}, Chamfer {chamfer:.2f} %")


if __name__ == "__main__":
    main()
