# SPDX-License-Identifier: GPL-3.0-or-later
"""What Clean Up costs over photos that were held out: PSNR before and after, whole and where the region is seen.

python -m benchmarks.clean_up RESULT PHOTOS --size WxH --hold-out N [--poses FILE]

RESULT is the folder of `tttlrm reconstruct PHOTOS --hold-out N`. With `--hold-out 1` all photos are measured, such as those of
`--poses test_transforms.json` that were never an input.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.table import Row, show
from tttlrm_blender.commands.option_forms import size
from tttlrm_blender.gaussians import clean
from tttlrm_blender.gaussians.activations import to_base_sh
from tttlrm_blender.gaussians.formats.registry import read_splats
from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.photos.load import PhotoSet, load_photos
from tttlrm_blender.photos.selection import hold_out
from tttlrm_blender.poses.camera_files import read_cameras
from tttlrm_blender.poses.find import find_photos
from tttlrm_blender.progress import Report
from tttlrm_blender.render.metrics import evaluate_psnr
from tttlrm_blender.render.pictures import draw_views

USUAL, FAINT = 0.5, 0.1  # as in Blender
SEEN = 0.99  # of the light of a pixel, that comes from within the region where the region is seen


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result", type=Path)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--poses", default="auto")
    parser.add_argument("--size", type=size, default=(0, 0))
    parser.add_argument("--hold-out", type=int, default=8)
    show(rows(parser.parse_args()))


def rows(options: argparse.Namespace) -> Iterator[Row]:
    """What is left out, and what that costs."""
    splats = read_splats(options.result / "splats.ply")
    names, cameras = read_cameras(options.result / "cameras.json", Report())
    photos = held_out(options, names, cameras)
    dirt = floaters_and_fog(splats, cameras.c2w[:, :3, 3])
    low, high = clean.subject(splats.means, clean.middle(splats.scales), ~dirt & (splats.opacities > FAINT))
    inside = ((splats.means >= low) & (splats.means <= high)).all(axis=1)
    yield Row("floaters and fog", 100 * dirt.mean(), unit="% of the splats")
    yield Row("outside the region", 100 * (~inside).mean(), unit="% of the splats")
    before, after = (evaluate_psnr(kept, photos) for kept in (splats, splats[~dirt]))
    yield Row("PSNR before", before, unit="dB")
    yield Row("PSNR without floaters and fog", after - before, unit="dB")
    seen = where_seen(splats, inside, photos.cameras)
    before, *others = (psnr_where(kept, photos, seen) for kept in (splats, splats[~dirt], splats[inside & ~dirt]))
    yield Row("PSNR where the region is seen, before", before, unit="dB")
    yield Row("the same without floaters and fog", others[0] - before, unit="dB")
    yield Row("the same of the region alone", others[1] - before, unit="dB")


def held_out(options: argparse.Namespace, names: list[str], cameras: Cameras) -> PhotoSet:
    """The photos that were held out, with their cameras in the world of the result."""
    photos = load_photos(hold_out(find_photos(options.photos, options.poses), options.hold_out)[1], *options.size)
    if not set(photos.names) <= set(names):
        return photos  # of another file of poses, in the same world
    width, height = photos.images.shape[2], photos.images.shape[1]
    return replace(photos, cameras=cameras[[names.index(name) for name in photos.names]].resized(width, height))


def floaters_and_fog(splats: Gaussians[np.ndarray], eyes: np.ndarray) -> np.ndarray:
    """The mask of what Clean Up leaves out besides what is outside the region: [N]."""
    floaters = clean.floaters(splats.means, splats.scales, splats.opacities, USUAL)
    return floaters | clean.fog(splats.means, splats.scales, splats.opacities, eyes, USUAL)


def where_seen(splats: Gaussians[np.ndarray], inside: np.ndarray, cameras: Cameras) -> np.ndarray:
    """Where nearly all light comes from within the region: [V, H, W] bool."""
    white = to_base_sh(np.repeat(inside[:, None], 3, axis=1).astype(np.float32))[:, None]
    return draw_views(replace(splats, sh=white), cameras)[..., 0] > SEEN


def psnr_where(splats: Gaussians[np.ndarray], photos: PhotoSet, seen: np.ndarray) -> float:
    """The mean PSNR in dB over some pixels [V, H, W] of the photos."""
    errors = (draw_views(splats, photos.cameras).clip(0, 1) - photos.images) ** 2
    return float(np.mean([-10 * np.log10(error[mask].mean()) for error, mask in zip(errors, seen, strict=True) if mask.any()]))


if __name__ == "__main__":
    main()
