# SPDX-License-Identifier: GPL-3.0-or-later
"""Procedural textures: sRGB colors, 0 to 1, as functions of the position in space or on the surface."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .atlas import CLOUDS, LEVELS, PAGES, SIDE, look_up, photos
from .sampling import choose, directions, rotations, uniform

PLAIN, STRIPES, CHECKER, SPOTS, WAVES, TILES, CLOUDY, TEXT, PHOTO = range(9)
CHANCES = (0.15, 0.07, 0.06, 0.06, 0.11, 0.12, 0.13, 0.08, 0.22)
FIRST = {CLOUDY: 0, TEXT: CLOUDS, PHOTO: CLOUDS + PAGES}  # index of the first such picture in the atlas
WIDEST = 0.7  # pictures are repeated on surfaces of a larger half size, in world units
GROUT = 0.07  # share of a tile's side


@dataclass(frozen=True)
class Textures:
    """Parameters of textures, one entry of the leading axes [...] for each surface."""

    pattern: Tensor  # [...] long, PLAIN to PHOTO
    waves: Tensor  # [..., 3, 3], phases of solid patterns per world unit
    shift: Tensor  # [..., 3], phases at the origin
    gain: Tensor  # [...], from soft (1) to hard (20) edges
    colors: Tensor  # [..., 3, 3], mean color, and half the contrast of the pattern and of the fine grain
    grain: Tensor  # [..., 3, 3], phases of the fine grain per unit of the pattern's phase
    picture: Tensor  # [...] long, index in the atlas
    level: Tensor  # [...] long, mipmap level of the picture
    zoom: Tensor  # [..., 2], pictures or tiles per world unit of the surface
    tinted: Tensor  # [...] bool, pictures of which only the brightness is used

    def at(self, index: int) -> Textures:
        """The textures of one entry of the first axis."""
        return Textures(*(part[index] for part in vars(self).values()))

    def to(self, device: str | torch.device) -> Textures:
        """The same textures on another device, except values that code branches on, which stay on the CPU."""
        stays = ("pattern", "picture", "level", "tinted")
        return Textures(**{name: part if name in stays else part.to(device) for name, part in vars(self).items()})


def sample_textures(generator: torch.Generator, size: Tensor, pixel: Tensor, contrast: float = 0.45) -> Textures:
    """Random textures for surfaces of half size `size` [...], where a pixel covers `pixel` [...], both in world units."""
    shape = size.shape
    frequency = torch.exp(uniform(generator, 1.0, 2.8, *shape, 1, 1)) * uniform(generator, 0.3, 1.0, *shape, 3, 1)
    base, difference = _colors(generator, shape, contrast)
    pattern = choose(generator, CHANCES, *shape)
    across = torch.exp(uniform(generator, math.log(0.35), math.log(2.5), *shape))  # number of pictures across the surface
    tiles = uniform(generator, 2.0, 6.0, *shape, 1) * uniform(generator, 0.5, 1.0, *shape, 2)
    zoom = across / (2 * size.clamp(max=WIDEST))
    return Textures(
        pattern=pattern,
        waves=rotations(generator, *shape) * frequency,
        shift=uniform(generator, -torch.pi, torch.pi, *shape, 3),
        gain=torch.exp(uniform(generator, 0.0, 3.0, *shape)),
        colors=torch.cat([base, difference * difference.new_tensor([[1.0], [0.35]])], -2),
        grain=directions(generator, *shape, 3) * uniform(generator, 1.5, 3.0, *shape, 3, 1),
        picture=_pictures(generator, pattern),
        level=(SIDE * zoom * pixel).log2().round().clamp(0, LEVELS - 1).long(),
        zoom=torch.where((pattern == TILES)[..., None], tiles, zoom[..., None]),
        tinted=(pattern != PHOTO) | (torch.rand(shape, generator=generator) < 0.25),
    )


def _colors(generator: torch.Generator, shape: tuple[int, ...], contrast: float) -> tuple[Tensor, Tensor]:
    """Mean colors [..., 1, 3], few of them saturated, and two differences [..., 2, 3], mostly in brightness."""
    vividness = 0.45 * uniform(generator, 0.0, 1.0, *shape, 1, 1) ** 2
    base = uniform(generator, 0.2, 0.9, *shape, 1, 1) + directions(generator, *shape, 1) * vividness
    difference = torch.nn.functional.normalize(0.6 + 0.7 * directions(generator, *shape, 2), dim=-1)
    difference *= torch.where(torch.rand(*shape, 2, 1, generator=generator) < 0.5, -1.0, 1.0)
    return base.clamp(0, 1), difference * uniform(generator, 0.05, contrast, *shape, 2, 1)


def _pictures(generator: torch.Generator, pattern: Tensor) -> Tensor:
    """Indices of pictures in the atlas for surfaces with these patterns; clouds if there are no photographs."""
    chance, photographs = torch.rand(pattern.shape, generator=generator), len(photos())
    picture = (chance * CLOUDS).long()
    picture[pattern == TEXT] = (FIRST[TEXT] + chance * PAGES).long()[pattern == TEXT]
    if photographs:
        picture[pattern == PHOTO] = (FIRST[PHOTO] + chance * photographs).long()[pattern == PHOTO]
    return picture


def color(texture: Textures, points: Tensor, uv: Tensor) -> Tensor:
    """Colors [3, N] of one texture (no leading axes) at points [3, N] with surface coordinates [2, N], in world units."""
    pattern = int(texture.pattern)
    if pattern in FIRST:
        return _picture(texture, uv)
    mean, contrast, fine = texture.colors[..., None]
    if pattern == TILES:
        return (mean + _tiles(texture, uv) * contrast).clamp(0, 1)
    phase = texture.waves @ points + texture.shift[:, None]
    detail = torch.sin(texture.grain @ phase)
    value = torch.tanh(texture.gain * SOLID[pattern](phase, detail))
    return (mean + value * contrast + detail.mean(0) * fine).clamp(0, 1)


def _on_sheet(texture: Textures, uv: Tensor) -> Tensor:
    """Surface coordinates [2, N] in units of pictures or tiles."""
    return uv * texture.zoom[:, None] + texture.shift[:2, None]


def _picture(texture: Textures, uv: Tensor) -> Tensor:
    """A picture of the atlas, in its own colors or tinted between two others."""
    seen = look_up(int(texture.picture), int(texture.level), _on_sheet(texture, uv))
    if not texture.tinted:
        return seen
    mean, contrast, _ = texture.colors[..., None]
    return (mean + (2 * seen.mean(0) - 1) * 2 * contrast).clamp(0, 1)


def _tiles(texture: Textures, uv: Tensor) -> Tensor:
    """Pattern [N]: 1 in the grout, a lower value for each tile; with soft edges, rows are offset like bricks."""
    u, v = _on_sheet(texture, uv)
    row = v.floor()
    u = u + 0.5 * (row % 2) * (texture.gain < 4)
    within = torch.stack([u - u.floor(), v - row])
    edge = torch.minimum(within, 1 - within).amin(0)
    tile = 0.5 * torch.sin(2.7 * u.floor() + 4.1 * row) - 0.5
    return tile + (1 - tile) * ((GROUT - edge) / (GROUT / 2)).clamp(0, 1)


def _plain(phase: Tensor, detail: Tensor) -> Tensor:
    return torch.zeros_like(phase[0])


def _stripes(phase: Tensor, detail: Tensor) -> Tensor:
    return torch.sin(phase[0])


def _checker(phase: Tensor, detail: Tensor) -> Tensor:
    return 2 * torch.sin(phase).prod(0)


def _spots(phase: Tensor, detail: Tensor) -> Tensor:
    return torch.cos(phase).sum(0) - 1


def _waves(phase: Tensor, detail: Tensor) -> Tensor:
    return torch.sin(phase + 0.5 * detail).mean(0)


SOLID = (_plain, _stripes, _checker, _spots, _waves)
