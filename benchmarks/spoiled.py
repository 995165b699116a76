# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the loss of quality from input photos in different light, or with some of them blurred.

python -m benchmarks.spoiled PHOTOS [--size 270x480] [--hold-out 8] [--steps 1000] [--stops 1] [--share 0.2]

Copies of the photos are spoiled: the light of each is multiplied by 2 to a random power between −stops and stops, or its red
and blue by 0.9 to 1.1; or the corners of all are darkened by 40 %; or a share of them is blurred by 1 % of their width.
Held-out photos stay as they are. The table has held-out PSNRs, with and without fitting the exposure of each held-out photo,
and the number of photos used.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from benchmarks.table import Row, show
from tttlrm_blender.commands.option_forms import size
from tttlrm_blender.photos.images import read_image
from tttlrm_blender.photos.selection import hold_out
from tttlrm_blender.pipeline import steps
from tttlrm_blender.pipeline.networks import load_network
from tttlrm_blender.pipeline.scene import Scene
from tttlrm_blender.poses.find import find_photos
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import DecodeSettings, ReconstructSettings, RefineSettings
from tttlrm_blender.render.metrics import evaluate_psnr

BLUR = 0.01  # standard deviation, as a share of the width
TINT, FALLOFF = 0.1, 0.4  # shares of the light
EVENED = {False: "as it is", True: "evened"}

Spoil = Callable[[np.ndarray], np.ndarray]  # of one photo [H, W, 3], 0 to 1


def main() -> None:
    """Print the table."""
    show(rows(parse()))


def rows(options: argparse.Namespace) -> Iterator[Row]:
    """Each kind of photos, without and with light evened."""
    kinds: dict[str, Spoil] = {
        "as they are": lambda image: image,
        f"light changed by up to {options.stops:g} stops": metered(options.stops),
        f"red and blue changed by up to {TINT:.0%}": tinted(),
        f"corners darker by {FALLOFF:.0%}": vignetted,
        f"{options.share:.0%} blurred": blurred(options.share),
    }
    for name, spoil in kinds.items():
        with tempfile.TemporaryDirectory() as folder:
            photos = Path(shutil.copytree(options.photos, Path(folder) / "photos"))
            for photo in hold_out(find_photos(photos), options.hold_out)[0]:
                spoiled = spoil(read_image(photo.path, photo.upright))
                Image.fromarray((spoiled * 255 + 0.5).astype(np.uint8)).save(photo.path, quality=98, subsampling=0)
            for exposure in (False, True):
                found = measured(photos, options, exposure)
                yield from (replace(row, what=f"{name}, light {EVENED[exposure]}: {row.what}") for row in found)


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--size", type=size, default=(270, 480))
    parser.add_argument("--hold-out", type=int, default=8)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--stops", type=float, default=1.0)
    parser.add_argument("--share", type=float, default=0.2)
    return parser.parse_args()


def measured(photos: Path, options: argparse.Namespace, exposure: bool) -> Iterator[Row]:
    """The figures of a reconstruction refined for some steps."""
    width, height = options.size
    settings = ReconstructSettings(width=width, height=height, hold_out=options.hold_out)
    model = load_network(settings.checkpoint)
    scene_photos = steps.load(Scene(photos), model.config.most_views, settings, Report())
    reconstruction = steps.encode_photos(model, scene_photos, settings, Report())
    decoded = steps.decode_splats(model, reconstruction, DecodeSettings(), Report())
    splats = steps.refine_splats(decoded, reconstruction, RefineSettings(steps=options.steps, exposure=exposure), Report())
    assert scene_photos.held_out is not None, "some are held out"
    yield Row("photos used", len(scene_photos.inputs), unit="photos")
    for what, fitted in (("held-out PSNR", False), ("the same, exposures fitted", True)):
        yield Row(what, evaluate_psnr(splats, scene_photos.held_out, fitted), unit="dB")


def metered(stops: float) -> Spoil:
    """Multiply the light of each photo by a random factor, clipped at white."""
    random = np.random.default_rng(0)

    def spoil(image: np.ndarray) -> np.ndarray:
        return from_light(to_light(image) * 2 ** random.uniform(-stops, stops)).clip(0, 1)

    return spoil


def tinted() -> Spoil:
    """Multiply the red and the blue light of each photo by random factors."""
    random = np.random.default_rng(0)

    def spoil(image: np.ndarray) -> np.ndarray:
        red, blue = 1 + random.uniform(-TINT, TINT, 2)
        return from_light(to_light(image) * [red, 1, blue]).clip(0, 1)

    return spoil


def vignetted(image: np.ndarray) -> np.ndarray:
    """Darken a photo toward its corners, by the square of the distance from its center."""
    rows, columns = (np.linspace(-1, 1, side) for side in image.shape[:2])
    squares = (rows[:, None] ** 2 + columns**2) / 2
    return from_light(to_light(image) * (1 - FALLOFF * squares)[..., None])


def blurred(share: float) -> Spoil:
    """Blur a share of the photos, evenly spread."""
    owed = 0.0

    def spoil(image: np.ndarray) -> np.ndarray:
        nonlocal owed
        owed += share
        if owed < 1:
            return image
        owed -= 1
        sigma = BLUR * image.shape[1]
        return gaussian_filter(image, (sigma, sigma, 0))

    return spoil


def to_light(colors: np.ndarray) -> np.ndarray:
    """sRGB values as linear light (IEC 61966-2-1)."""
    return np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)


def from_light(light: np.ndarray) -> np.ndarray:
    """Linear light as sRGB values."""
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


if __name__ == "__main__":
    main()
