# SPDX-License-Identifier: GPL-3.0-or-later
"""Random numbers, directions, rotations and choices from seeded generators."""

from __future__ import annotations

import torch
from torch import Tensor


def generator_for(seed: int, step: int) -> torch.Generator:
    """The generator of one step of a run, independent of all other steps."""
    return torch.Generator().manual_seed((seed * 0x9E3779B97F4A7C15 + step * 0xBF58476D1CE4E5B9) % 2**63)


def uniform(generator: torch.Generator, low: float, high: float, *shape: int) -> Tensor:
    """Uniform numbers between `low` and `high` of a shape, on the CPU."""
    return low + (high - low) * torch.rand(shape, generator=generator)


def directions(generator: torch.Generator, *shape: int) -> Tensor:
    """Unit vectors [*shape, 3], uniform over the sphere."""
    return torch.nn.functional.normalize(torch.randn(*shape, 3, generator=generator), dim=-1)


def rotations(generator: torch.Generator, *shape: int) -> Tensor:
    """Rotation matrices [*shape, 3, 3], uniform over all rotations."""
    forward, side = directions(generator, *shape), directions(generator, *shape)
    side = torch.nn.functional.normalize(torch.linalg.cross(forward, side), dim=-1)
    return torch.stack([side, torch.linalg.cross(forward, side), forward], -1)


def turns(generator: torch.Generator, *shape: int) -> Tensor:
    """Rotation matrices [*shape, 3, 3] about z, uniform over all angles."""
    angle = uniform(generator, -torch.pi, torch.pi, *shape)
    zero, one = torch.zeros_like(angle), torch.ones_like(angle)
    rows = [angle.cos(), -angle.sin(), zero, angle.sin(), angle.cos(), zero, zero, zero, one]
    return torch.stack(rows, -1).unflatten(-1, (3, 3))


def choose(generator: torch.Generator, chances: tuple[float, ...], *shape: int) -> Tensor:
    """Indices [*shape] into `chances`, drawn with these probabilities, which add up to 1."""
    limits = torch.tensor(chances).cumsum(0)[:-1]
    return torch.bucketize(torch.rand(shape, generator=generator), limits, right=True)


def shears(generator: torch.Generator, most: float, *shape: int) -> Tensor:
    """Matrices [*shape, 3, 3] that shear x along y and z, and y along z, by up to `most`."""
    return torch.eye(3) + torch.triu(uniform(generator, -most, most, *shape, 3, 3), 1)
