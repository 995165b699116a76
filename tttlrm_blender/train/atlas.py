# SPDX-License-Identifier: GPL-3.0-or-later
"""Texture images for procedural scenes: photographs shipped with scikit-image, pages of text, and cloudy noise.

They are loaded once and kept as mipmaps, so that distant surfaces do not alias.
"""

from __future__ import annotations

import random
import string
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from .photographs import photo_files

SIDE = 256  # pixels of each picture
LEVELS = 6  # 256 to 8 pixels
PAGES, CLOUDS = 8, 8


@cache
def photos() -> Tensor:
    """The photographs [N, 3, SIDE, SIDE] in the installed scikit-image, sRGB 0 to 1; N = 0 if it is not installed."""
    pictures = [_square(path) for path in photo_files()]
    return torch.stack(pictures) if pictures else torch.zeros(0, 3, SIDE, SIDE)


def _square(path: Path) -> Tensor:
    """The central square of an image file, reduced to [3, SIDE, SIDE]."""
    image = Image.open(path, formats=["JPEG", "PNG"]).convert("RGB")
    side = min(image.size)
    left, top = ((length - side) // 2 for length in image.size)
    small = image.resize((SIDE, SIDE), Image.Resampling.LANCZOS, (left, top, left + side, top + side))
    return torch.from_numpy(np.array(small)).permute(2, 0, 1) / 255


@cache
def pages() -> Tensor:
    """Pages of random words in several sizes [PAGES, 3, SIDE, SIDE], 0 for ink and 1 for paper."""
    return torch.stack([_page(random.Random(page)) for page in range(PAGES)])


def _page(chance: random.Random) -> Tensor:
    sheet = Image.new("L", (SIDE, SIDE), 255)
    pen, y = ImageDraw.Draw(sheet), 4
    while y < SIDE:
        height = chance.choice((24, 32, 44, 64, 96))
        pen.text((chance.randint(-20, 20), y), " ".join(_words(chance)), 0, ImageFont.load_default(height))
        y += int(1.1 * height)
    return (torch.from_numpy(np.array(sheet)) / 255).expand(3, -1, -1)


def _words(chance: random.Random) -> Iterator[str]:
    letters = chance.choice((string.ascii_uppercase, string.ascii_lowercase, string.ascii_letters + string.digits))
    for _ in range(12):
        yield "".join(chance.choices(letters, k=chance.randint(2, 8)))


@cache
def clouds() -> Tensor:
    """Noise with detail at every scale [CLOUDS, 3, SIDE, SIDE], 0 to 1, mostly near 0.5."""
    generator = torch.Generator().manual_seed(0)
    sheets = torch.zeros(CLOUDS, 1, SIDE, SIDE)
    for side in (4, 8, 16, 32, 64, 128, 256):
        coarse = torch.randn(CLOUDS, 1, side, side, generator=generator) * side**-0.6
        sheets += torch.nn.functional.interpolate(coarse, (SIDE, SIDE), mode="bicubic")
    return (0.5 + 0.2 * sheets / sheets.std((2, 3), keepdim=True)).clamp(0, 1).expand(-1, 3, -1, -1)


@cache
def atlas(device: str) -> tuple[Tensor, ...]:
    """Mipmaps of clouds, pages and photographs on a device: [N, 3, S, S], where S starts at SIDE and is halved."""
    sheets = [torch.cat([clouds(), pages(), photos()]).to(device)]
    while len(sheets) < LEVELS:
        sheets.append(torch.nn.functional.avg_pool2d(sheets[-1], 2))
    return tuple(sheets)


def look_up(picture: int, level: int, uv: Tensor) -> Tensor:
    """Colors [3, N] of a picture of the atlas at texture coordinates [2, N], mirrored beyond 0 to 1, on a mipmap `level`."""
    sheet = atlas(str(uv.device))[level][picture]
    grid = (2 * uv - 1).mT[None, None]
    return torch.nn.functional.grid_sample(sheet[None], grid, padding_mode="reflection", align_corners=False)[0, :, 0]
