# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats on their way out of Blender's attributes, some at each drawing, so that none takes long.

Evaluated attributes share their memory with the original ones, and Blender copies them before they are read. The system hands out
memory when it is first written to, which may take ten times as long as the copying: ours is taken by another thread. Between two
drawings Blender may change or delete anything, so nothing of Blender's is held; keys tell whether a cloud is still the one that
was begun.
"""

from __future__ import annotations

import time

import bpy
import numpy as np

from ..engine import drawing
from ..scene import points
from ..scene.masks import ANTIALIASED
from ..scene.radiance import BASE, SH
from .visible import Key

AT_ONCE = 0.015  # seconds after which an attribute is the last in one drawing
SHAPES = ("position", "rotation", "scale", BASE)
OPTIONAL = (ANTIALIASED, *SH)

Plan = dict[Key, dict[str, tuple[int, int]]]  # of the attributes of clouds: number of points, and of numbers for each


def plan(clouds: dict[Key, bpy.types.PointCloud]) -> Plan:
    """What there is to be read of evaluated point clouds."""
    return {key: {name: points.shape(cloud, name) for name in _attributes(cloud)} for key, cloud in clouds.items()}


def _attributes(cloud: bpy.types.PointCloud) -> list[str]:
    return [*SHAPES, *(name for name in OPTIONAL if name in cloud.attributes)]


class Reading:
    """Clouds of which a part has been read."""

    def __init__(self, plan: Plan) -> None:
        """Takes the memory, and so is not for the main thread."""
        self._arrays = {key: {name: _written(name, shape) for name, shape in shapes.items()} for key, shapes in plan.items()}
        self._left = [(key, name) for key, shapes in plan.items() for name in shapes]

    @property
    def keys(self) -> tuple[Key, ...]:
        """Of the clouds."""
        return tuple(self._arrays)

    def go_on(self, clouds: dict[Key, bpy.types.PointCloud]) -> bool:
        """Read some more from the same clouds; whether that was all."""
        until = time.perf_counter() + AT_ONCE
        while self._left:
            key, name = self._left.pop()
            points.read(clouds[key], name, self._arrays[key][name])
            if time.perf_counter() >= until:
                break
        return not self._left

    def clouds(self) -> list[drawing.Cloud]:
        """What has been read: what other modifiers have left, so that what they hide is not drawn."""
        return [_cloud(arrays) for arrays in self._arrays.values()]


def _cloud(arrays: dict[str, np.ndarray]) -> drawing.Cloud:
    means, quats, scales, base = (arrays[name] for name in SHAPES)
    harmonics = [arrays[name] for name in SH if name in arrays]
    return drawing.Cloud(means, quats, scales, base, harmonics, arrays.get(ANTIALIASED))


def _written(name: str, shape: tuple[int, int]) -> np.ndarray:
    """An array whose memory the system has really handed out, as it has not for `np.zeros`."""
    values = np.empty(shape, dtype=bool if name == ANTIALIASED else np.float32)
    values.fill(0)
    return values
