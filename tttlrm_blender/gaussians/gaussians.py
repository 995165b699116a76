# SPDX-License-Identifier: GPL-3.0-or-later
"""The splats of a scene."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

SH_DC = 0.28209479177387814  # the constant spherical harmonic: color = 0.5 + SH_DC * sh[:, 0]
ARRAYS = ("means", "quats", "scales", "opacities", "sh")


class Sliceable(Protocol):
    """The common interface of numpy arrays and torch tensors that splats need."""

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
    antialiased: bool = False  # whether they are to be drawn with the filter of Mip-Splatting, see `render/convention.py`

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
        changed = {name: change(array) for name, array in self.arrays().items()}
        return Gaussians(**changed, antialiased=self.antialiased)

    def arrays(self) -> dict[str, Array]:
        """The five arrays by name."""
        return {name: getattr(self, name) for name in ARRAYS}


def allocate(count: int, degree: int) -> Gaussians[np.ndarray]:
    """Uninitialized numpy splats. Each SH term [N, 3] is contiguous, as Blender needs it: `sh` is a view of the terms."""
    terms = (degree + 1) ** 2
    shapes = ((count, 3), (count, 4), (count, 3), (count,), (terms, count, 3))
    means, quats, scales, opacities, planes = (np.empty(shape, dtype=np.float32) for shape in shapes)
    return Gaussians(means, quats, scales, opacities, planes.swapaxes(0, 1))


def merge(parts: list[Gaussians[np.ndarray]]) -> Gaussians[np.ndarray]:
    """The splats of several numpy sets in one; sets of a lower SH degree are padded with zeros.

    All of them are antialiased if any are: drawn in the other way, splats that were optimized as antialiased lose twice as much.
    """
    terms = max(part.sh.shape[1] for part in parts)
    filled = [np.pad(part.sh, ((0, 0), (0, terms - part.sh.shape[1]), (0, 0))) for part in parts]
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in parts[0].arrays() if name != "sh"}
    return Gaussians(**joined, sh=np.concatenate(filled), antialiased=any(part.antialiased for part in parts))


def prune(gaussians: Gaussians[np.ndarray], min_opacity: float = 0.0, max_splats: int = 0) -> Gaussians[np.ndarray]:
    """Numpy splats with an opacity of at least `min_opacity`, of these the `max_splats` most opaque (0 for all), in order."""
    keep = np.flatnonzero(gaussians.opacities >= min_opacity)
    if 0 < max_splats < len(keep):
        order = np.argsort(-gaussians.opacities[keep], kind="stable")
        keep = np.sort(keep[order[:max_splats]])
    return gaussians[keep]


def thinned(gaussians: Gaussians[np.ndarray], most: int) -> Gaussians[np.ndarray]:
    """A sample of at most `most` numpy splats, in order and evenly spread, by opacity.

    They are enlarged to cover the area of all splats.
    """
    if len(gaussians) <= most:
        return gaussians
    sums = np.cumsum(gaussians.opacities, dtype=np.float64)
    chosen = np.unique(np.searchsorted(sums, (np.arange(most) + 0.5) / most * sums[-1]))
    few = gaussians[chosen]
    return replace(few, scales=few.scales * np.float32((len(gaussians) / len(few)) ** 0.5))
