# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure refined splats from where no photo was taken: PSNR, SSIM and fog.

python -m benchmarks.inside.off_path out/scenes     # needs bpy; four scenes, six minutes of CPU time
python -m benchmarks.off_path out/scenes/* [--steps 500] [--out out/off_path] [--before FOLDER]

PSNR and SSIM count only what at least two photos see. Fog is the mean share of light, over all pixels, that splats block more
than 10 % nearer to the camera than the exact surface, or, where the sky is, than the median surface. Splats start from sparse
and dense points and are written to OUT/SCENE.ply, pictures of the test views to OUT/SCENE.png: the truth, the splats of an
earlier run in the folder BEFORE, and those of this run.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from benchmarks.table import Row, best, show
from tttlrm_blender.gaussians.activations import to_base_sh
from tttlrm_blender.gaussians.formats.registry import read_splats, write_splats
from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.photos.load import PhotoSet, load_photos
from tttlrm_blender.pipeline.depth import depth_for
from tttlrm_blender.poses.find import find_photos
from tttlrm_blender.poses.sparse_points import SparsePoints, sparse_points
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import RefineSettings
from tttlrm_blender.refine.optimize import refine
from tttlrm_blender.refine.start import splats_from_points
from tttlrm_blender.render.device import to_tensors
from tttlrm_blender.render.metrics import compared, evaluate_views
from tttlrm_blender.render.rasterize import rasterize

TESTS = "test_transforms.json"
NEARER = 0.9  # what is nearer than this share of the surface's depth is fog
LEVELS = 12  # of depth, at which fog is measured


def main() -> None:
    """Print the table."""
    show(rows(parse()))


def refined(photos: PhotoSet, points: SparsePoints, settings: RefineSettings) -> Gaussians[np.ndarray]:
    """Splats refined from sparse and dense points, beside dense depth, as the product does without decoded splats."""
    depth = depth_for(photos, points, settings, Report())
    return refine(splats_from_points(points)[:0], photos, settings, Report(), points, depth=depth)


def rows(options: argparse.Namespace) -> Iterator[Row]:
    """Each scene, then the means."""
    options.out.mkdir(parents=True, exist_ok=True)
    scores = []
    for folder in options.scenes:
        photos, points, tests, depths = read_scene(folder)
        found: list[Gaussians[np.ndarray]] = []
        work = partial(refined, photos, points, RefineSettings(steps=options.steps))
        seconds = best(lambda work=work, found=found: found.append(work()), 1)
        write_splats(options.out / f"{folder.name}.ply", found[0])
        before = [read_splats(options.before / f"{folder.name}.ply")] if options.before else []
        write_pictures(options.out / f"{folder.name}.png", [*before, *found], tests)
        scores.append(measured(found[0], tests, depths))
        yield Row(f"{folder.name}: {len(found[0]):,} splats", *seconds)
        yield from rows_of(folder.name, scores[-1])
    yield from rows_of("mean", {name: float(np.mean([score[name] for score in scores])) for name in scores[0]})


def rows_of(name: str, scores: dict[str, float]) -> Iterator[Row]:
    """The figures of a scene."""
    yield Row(f"{name}: PSNR", scores["psnr"], unit="dB")
    yield Row(f"{name}: SSIM", scores["ssim"], unit="")
    yield Row(f"{name}: fog", 100 * scores["fog"], unit="%")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenes", nargs="+", type=Path)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--out", type=Path, default=Path("out/off_path"))
    parser.add_argument("--before", type=Path)
    return parser.parse_args()


def read_scene(folder: Path) -> tuple[PhotoSet, SparsePoints, PhotoSet, list[np.ndarray]]:
    """Photos, sparse points, test views that count where photos see the same, and their exact depths [H, W]."""
    photos, tests = find_photos(folder), find_photos(folder, TESTS)
    depths = [np.load(photo.path.with_name(f"{photo.path.stem}_depth.npy")) for photo in tests]
    return load_photos(photos), sparse_points(photos, Report()), load_photos(tests), depths


def measured(splats: Gaussians[np.ndarray], tests: PhotoSet, depths: list[np.ndarray]) -> dict[str, float]:
    """The figures of splats over all test views."""
    views = zip(range(len(tests)), depths, strict=True)
    fog = [fog_map(splats, tests.cameras[[view]], depth).mean() for view, depth in views]
    return evaluate_views(splats, tests) | {"fog": float(np.mean(fog))}


def fog_map(splats: Gaussians[np.ndarray], camera: Cameras, depth: np.ndarray) -> np.ndarray:
    """The share of light that is blocked in front of the surface at each pixel's exact depth [H, W], infinite for sky: [H, W].

    Colors of 1 for splats nearer than a level of depth, and of 0 for others, draw the light that is blocked up to there.
    """
    surface = np.isfinite(depth)
    limits = NEARER * np.where(surface, depth, np.median(depth[surface]))
    levels = np.quantile(limits, np.linspace(0, 1, LEVELS)).reshape(-1, 3)
    eye, forward = camera.c2w[0, :3, 3], camera.c2w[0, :3, 2]
    z = (splats.means - eye) @ forward
    blocked = [_drawn(splats, (z[:, None] < three).astype(np.float32), camera, depth.shape) for three in levels]
    level = np.searchsorted(levels.ravel(), limits, side="right") - 1
    return np.take_along_axis(np.concatenate(blocked, -1), level[..., None].clip(0), -1)[..., 0]


@torch.no_grad()
def _drawn(splats: Gaussians[np.ndarray], colors: np.ndarray, camera: Cameras, shape: tuple[int, ...]) -> np.ndarray:
    """Draw splats in colors [N, 3] of their own: [H, W, 3]."""
    painted = Gaussians(splats.means, splats.quats, splats.scales, splats.opacities, to_base_sh(colors)[:, None])
    return rasterize(to_tensors(painted), camera, (shape[1], shape[0])).rgb[0].cpu().numpy()


def write_pictures(path: Path, kinds: list[Gaussians[np.ndarray]], tests: PhotoSet) -> None:
    """Write the test views side by side: a row of photos, then a row per kind of splats."""
    whole = PhotoSet(tests.names, tests.images, tests.cameras, tests.background)
    drawn = [[picture[0].cpu().numpy() for picture, _ in compared(splats, whole)] for splats in kinds]
    sheet = np.concatenate([np.concatenate(list(row), 1) for row in [tests.images, *drawn]])
    Image.fromarray((sheet * 255 + 0.5).astype(np.uint8)).save(path)


if __name__ == "__main__":
    main()
