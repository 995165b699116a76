# SPDX-License-Identifier: GPL-3.0-or-later
"""Solid textures: the colour of a surface as a function of its place in space, in sRGB values 0 to 1."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .chance import directions, rotations, uniform


@dataclass(frozen=True)
class Textures:
    """Parameters of the textures of some surfaces (leading axes [...], one entry for each surface)."""

    waves: Tensor  # [..., 3, 3], phases of the pattern per world unit
    shift: Tensor  # [..., 3], phases at the origin
    pattern: Tensor  # [...], index into PATTERNS
    gain: Tensor  # [...], from soft (1) to hard (20) edges
    colors: Tensor  # [..., 3, 3], mean colour, half the contrast of the pattern, and of the fine grain
    grain: Tensor  # [..., 3, 3], phases of the fine grain per unit of the pattern's phase

    def at(self, index: int) -> Textures:
        """The textures of one entry of the first axis."""
        return Textures(*(part[index] for part in vars(self).values()))

    def to(self, device: str | torch.device) -> Textures:
        """The same textures on another device."""
        return Textures(*(part.to(device) for part in vars(self).values()))


def sample_textures(generator: torch.Generator, shape: tuple[int, ...], contrast: float = 0.45) -> Textures:
    """Random textures for surfaces laid out in `shape`."""
    frequency = torch.exp(uniform(generator, 0.9, 2.7, *shape, 1, 1)) * uniform(generator, 0.3, 1.0, *shape, 3, 1)
    tint = directions(generator, *shape, 1) * uniform(generator, 0.0, 0.45, *shape, 1, 1)
    base = (uniform(generator, 0.15, 0.85, *shape, 1, 1) + tint).clamp(0, 1)
    difference = directions(generator, *shape, 2) * uniform(generator, 0.05, contrast, *shape, 2, 1)
    fine = directions(generator, *shape, 3) * uniform(generator, 1.0, 2.5, *shape, 3, 1)
    return Textures(
        waves=rotations(generator, *shape) * frequency,
        shift=uniform(generator, -torch.pi, torch.pi, *shape, 3),
        pattern=torch.randint(len(PATTERNS), shape, generator=generator),
        gain=torch.exp(uniform(generator, 0.0, 3.0, *shape)),
        colors=torch.cat([base, difference * difference.new_tensor([[1.0], [0.35]])], -2),
        grain=fine,
    )


def color(texture: Textures, points: Tensor) -> Tensor:
    """The colours [N, 3] of one texture (no leading axes) at points [N, 3]."""
    phase = points @ texture.waves.mT + texture.shift
    detail = torch.sin(phase @ texture.grain.mT)
    value = PATTERNS[int(texture.pattern)](phase, detail)
    mean, pattern, fine = texture.colors
    return (mean + torch.tanh(texture.gain * value)[:, None] * pattern + detail.mean(-1, keepdim=True) * fine).clamp(0, 1)


def _stripes(phase: Tensor, detail: Tensor) -> Tensor:
    return torch.sin(phase[:, 0])


def _checker(phase: Tensor, detail: Tensor) -> Tensor:
    return 2 * torch.sin(phase).prod(-1)


def _spots(phase: Tensor, detail: Tensor) -> Tensor:
    return torch.cos(phase).sum(-1) - 1


def _noise(phase: Tensor, detail: Tensor) -> Tensor:
    return torch.sin(phase + 0.5 * detail).mean(-1)


PATTERNS = (_stripes, _checker, _spots, _noise)
