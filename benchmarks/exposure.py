# SPDX-License-Identifier: GPL-3.0-or-later
"""What it costs that input photos were metered one by one, with and without exposures found for each.

python benchmarks/exposure.py PHOTOS [--poses auto] [--size 270x480] [--hold-out 8] [--steps 1000] [--stops 1]

The light of every input photo is multiplied by 2 to a random power between −stops and stops; held-out photos stay as they
are. Printed are held-out PSNRs, plain and with the exposure of each held-out photo fitted.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.photos.find import find_photos
from tttlrm_blender.photos.load import PhotoSet, load_photos
from tttlrm_blender.photos.points import sparse_points
from tttlrm_blender.photos.selection import hold_out
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import RefineSettings
from tttlrm_blender.refine.optimize import refine
from tttlrm_blender.render.metrics import evaluate_psnr

NO_SPLATS = Gaussians(*(np.zeros((0, *shape), np.float32) for shape in ((3,), (4,), (3,), (), (1, 3))))


def main() -> None:
    """Print one line per combination of photos and setting."""
    options = parse()
    inputs, held_out = hold_out(find_photos(options.photos, options.poses), options.hold_out)
    width, height = (int(side) for side in options.size.split("x"))
    measured, photos = load_photos(held_out, width, height), load_photos(inputs, width, height)
    points = sparse_points(inputs, Report())
    for name, used in (("as they are", photos), (f"changed by up to {options.stops:g} stops", metered(photos, options.stops))):
        for exposure in (False, True):
            splats = refine(NO_SPLATS, used, RefineSettings(steps=options.steps, exposure=exposure), Report(), points)
            plain, fitted = (evaluate_psnr(splats, measured, fit) for fit in (False, True))
            print(f"photos {name}, exposures {'found' if exposure else 'ignored'}: {plain:.2f} dB, fitted {fitted:.2f} dB")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--poses", default="auto")
    parser.add_argument("--size", default="270x480")
    parser.add_argument("--hold-out", type=int, default=8)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--stops", type=float, default=1.0)
    return parser.parse_args()


def metered(photos: PhotoSet, stops: float) -> PhotoSet:
    """The photos with more or less light, each for itself; what becomes brighter than white is white."""
    factors = 2.0 ** np.random.default_rng(0).uniform(-stops, stops, len(photos))
    images = from_light(to_light(photos.images) * factors[:, None, None, None]).clip(0, 1)
    return replace(photos, images=images.astype(np.float32))


def to_light(colors: np.ndarray) -> np.ndarray:
    """sRGB values as linear light (IEC 61966-2-1)."""
    return np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)


def from_light(light: np.ndarray) -> np.ndarray:
    """Linear light as sRGB values."""
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


if __name__ == "__main__":
    main()
