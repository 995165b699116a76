# SPDX-License-Identifier: GPL-3.0-or-later
"""Which splats a viewport shows, and where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import bpy
import numpy as np

from ..engine import drawing
from ..scene.drawing import NAME, drawn_by_blender
from ..scene.splats import BASE, is_splats, values

HIDDEN = "hidden"  # boolean attribute of splats that are not to be seen

Key = tuple[int, ...]  # tells a cloud, as it is now, from all others

_changes: Counter[int] = Counter()  # how often each data-block's geometry has changed
_epoch = 0  # how often everything may have changed


@dataclass(frozen=True)
class Appearance:
    """A cloud at a place."""

    key: Key
    cloud: bpy.types.PointCloud  # evaluated; good until Blender goes on
    matrix: np.ndarray  # [4, 4], object to world
    here: bool  # in this viewport, not only in others


def appearances(depsgraph: bpy.types.Depsgraph, space: bpy.types.SpaceView3D | None) -> list[Appearance]:
    """All splats of a scene that Blender does not draw by itself: objects, linked duplicates and instances."""
    return [
        Appearance(_key(one.object), one.object.data, np.array(one.matrix_world), _is_shown(one, space))
        for one in depsgraph.object_instances
        if one.object.type == "POINTCLOUD" and is_splats(one.object) and not _is_shown_otherwise(one.object)
    ]


def read_cloud(cloud: bpy.types.PointCloud) -> drawing.Cloud:
    """The splats of an evaluated point cloud that are to be seen."""
    count = sum(name.startswith("radiance:sh_") for name in cloud.attributes.keys())
    coefficients = [values(cloud, f"radiance:sh_{index}", 3) for index in range(count)]
    parts = (values(cloud, name, width) for name, width in (("position", 3), ("rotation", 4), ("scale", 3), (BASE, 4)))
    splats = drawing.Cloud(*parts, coefficients)
    hidden = _hidden(cloud)
    return splats if hidden is None else splats[~hidden]


def note_changes(updates: Iterator[bpy.types.DepsgraphUpdate]) -> None:
    """Look at what a dependency graph says that it has updated."""
    for update in updates:
        if update.is_updated_geometry and isinstance(update.id, bpy.types.Object | bpy.types.PointCloud):
            _changes[update.id.original.session_uid] += 1


def forget_everything() -> None:
    """Take nothing for unchanged, as after undo or when a file has been opened."""
    global _epoch
    _epoch += 1
    _changes.clear()


def _key(obj: bpy.types.Object) -> Key:
    data = obj.data
    changes = (_changes[obj.original.session_uid], _changes[data.original.session_uid])
    return (data.as_pointer(), len(data.points), *changes, _epoch)


def _is_shown(one: bpy.types.DepsgraphObjectInstance, space: bpy.types.SpaceView3D | None) -> bool:
    owner = one.parent if one.is_instance else one.object
    return one.show_self and (space is None or owner.visible_in_viewport_get(space))


def _is_shown_otherwise(obj: bpy.types.Object) -> bool:
    """Whether Blender draws these splats, or the modifier that is there for renders is switched on for the viewport too."""
    modifier = obj.modifiers.get(NAME)
    return drawn_by_blender(obj.data) or (modifier is not None and modifier.show_viewport)


def _hidden(cloud: bpy.types.PointCloud) -> np.ndarray | None:
    """[N] bool, where some splats are hidden."""
    attribute = cloud.attributes.get(HIDDEN)
    if attribute is None or attribute.data_type != "BOOLEAN" or attribute.domain != "POINT":
        return None
    mask = np.zeros(len(attribute.data), dtype=bool)
    attribute.data.foreach_get("value", mask)
    return mask
