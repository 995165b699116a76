# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare Blender's images of splats with the engine's: the viewport overlay, and renders by Cycles.

python -m benchmarks.overlay SPLATS.ply CAMERAS [--size 270x480] [--view 0] [--samples 16] [--out out/overlay] [--python PYTHON]

CAMERAS is a cameras.json or a transforms.json. PYTHON is a Python with the bpy module, by default this one; no window is needed.
Cycles renders twice: with colors in linear light and the view transform Standard, and with Blend as Trained and Raw. The images
are written side by side to comparison.png, with ten times their difference from the engine's below.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from benchmarks.table import Row, show
from tttlrm_blender.commands.option_forms import size
from tttlrm_blender.gaussians.formats.registry import read_splats
from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.poses.camera_files import read_cameras
from tttlrm_blender.render import rasterize
from tttlrm_blender.render.metrics import psnr

TARGETS = {"overlay": 35, "cycles": 28, "cycles_trained": 28}  # dB


def main() -> None:
    """Render the images, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("splats", type=Path)
    parser.add_argument("cameras", type=Path)
    parser.add_argument("--size", type=size, default=(270, 480))
    parser.add_argument("--view", type=int, default=0)
    parser.add_argument("--samples", type=int, default=16, help="samples of Cycles; 0 skips Cycles")
    parser.add_argument("--out", type=Path, default=Path("out/overlay"))
    parser.add_argument("--python", type=Path, default=Path(sys.executable))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name in TARGETS:
        (options.out / f"{name}.npy").unlink(missing_ok=True)
    cameras = read_cameras(options.cameras)[1][[options.view]].resized(*options.size)
    np.savez(options.out / "camera.npz", c2w=cameras.c2w, intrinsics=cameras.intrinsics, sizes=cameras.sizes)
    program = [options.python, "-m", "benchmarks.inside.overlay", options.splats, options.out, str(options.samples)]
    subprocess.run(program, check=True)
    show(rows(engine_picture(options.splats, cameras), options.out))


def engine_picture(splats: Path, cameras: Cameras) -> np.ndarray:
    """The image [H, W, 3] of the engine's rasterizer, on black."""
    return rasterize(read_splats(splats).map(torch.as_tensor), cameras, tuple(cameras.sizes[0])).rgb[0].clamp(0, 1).numpy()


def rows(reference: np.ndarray, folder: Path) -> Iterator[Row]:
    """The PSNR of each image; writes all of them side by side, with ten times their difference below."""
    sheet = [[reference, np.zeros_like(reference)]]
    for name, target in TARGETS.items():
        if (path := folder / f"{name}.npy").exists():
            picture = np.load(path).clip(0, 1)
            sheet.append([picture, 10 * abs(picture - reference)])
            likeness = psnr(*(torch.as_tensor(one)[None] for one in (picture, reference))).item()
            yield Row(name, likeness, unit="dB", at_least=target)
    whole = np.concatenate([np.concatenate(column) for column in sheet], axis=1)
    Image.fromarray((whole.clip(0, 1) * 255).round().astype(np.uint8)).save(folder / "comparison.png")


if __name__ == "__main__":
    main()
