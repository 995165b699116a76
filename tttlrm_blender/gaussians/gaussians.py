# SPDX-License-Identifier: GPL-3.0-or-later
"""The splats of a scene."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

SH_DC = 0.28209479177387814  # the constant spherical harmonic: color = 0.5 + SH_DC * sh[:, 0]


class Sliceable(Protocol):
    """What numpy's arrays and torch's tensors have in common, as far as splats need it."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: Any, /) -> Any: ...


Array = TypeVar("Array", bound=Sliceable)
Other = TypeVar("Other", bound=Sliceable)


@dataclass(frozen=True)
class Gaussians(Generic[Array]):
    """N splats with activated values. The arrays are numpy in files and in Blender, torch under `render` and `refine`."""

    means: Array  # [N, 3] float32, centers in world units
    quats: Array  # [N, 4] float32, rotations, w x y z, of unit length
    scales: Array  # [N, 3] float32, standard deviations along the rotated axes, in world units
    opacities: Array  # [N] float32, 0 to 1
    sh: Array  # [N, (degree + 1)², 3] float32, spherical harmonics of the sRGB color, constant term first

    def __len__(self) -> int:
        return len(self.means)

    def __getitem__(self, keep: Any) -> Gaussians[Array]:
        """The splats of a mask, a slice or a list of indices."""
        return self.map(lambda array: array[keep])

    @property
    def sh_degree(self) -> int:
        """Degree of the spherical harmonics, 0 to 3."""
        return int(self.sh.shape[1] ** 0.5) - 1

    def map(self, change: Callable[[Array], Other]) -> Gaussians[Other]:
        """The splats with `change` applied to each of the five arrays."""
        return Gaussians(*(change(getattr(self, field.name)) for field in fields(self)))

    def arrays(self) -> dict[str, Array]:
        """The five arrays by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def allocate(count: int, degree: int) -> Gaussians[np.ndarray]:
    """Numpy splats to be filled. Each coefficient's [N, 3] lies in one piece, as Blender takes them: `sh` is a view of those."""
    terms = (degree + 1) ** 2
    shapes = ((count, 3), (count, 4), (count, 3), (count,), (terms, count, 3))
    means, quats, scales, opacities, planes = (np.empty(shape, dtype=np.float32) for shape in shapes)
    return Gaussians(means, quats, scales, opacities, planes.swapaxes(0, 1))


def merge(parts: list[Gaussians[np.ndarray]]) -> Gaussians[np.ndarray]:
    """All splats of several numpy sets in one; sets of a lower SH degree are filled up with zeros."""
    terms = max(part.sh.shape[1] for part in parts)
    filled = [np.pad(part.sh, ((0, 0), (0, terms - part.sh.shape[1]), (0, 0))) for part in parts]
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in parts[0].arrays() if name != "sh"}
    return Gaussians(**joined, sh=np.concatenate(filled))


def prune(gaussians: Gaussians[np.ndarray], min_opacity: float = 0.0, max_splats: int = 0) -> Gaussians[np.ndarray]:
    """Numpy splats of at least some opacity, of those the `max_splats` most opaque (0 for all), in the same order."""
    keep = np.flatnonzero(gaussians.opacities >= min_opacity)
    if 0 < max_splats < len(keep):
        order = np.argsort(-gaussians.opacities[keep], kind="stable")
        keep = np.sort(keep[order[:max_splats]])
    return gaussians[keep]


def thinned(gaussians: Gaussians[np.ndarray], most: int) -> Gaussians[np.ndarray]:
    """At most so many of numpy splats, in the same order and spread over it, the more opaque ones rather than the others.

    They are enlarged, so as to cover what all of them did.
    """
    if len(gaussians) <= most:
        return gaussians
    sums = np.cumsum(gaussians.opacities, dtype=np.float64)
    chosen = np.unique(np.searchsorted(sums, (np.arange(most) + 0.5) / most * sums[-1]))
    few = gaussians[chosen]
    return replace(few, scales=few.scales * np.float32((len(gaussians) / len(few)) ** 0.5))
