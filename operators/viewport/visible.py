# SPDX-License-Identifier: GPL-3.0-or-later
"""Which splats a viewport shows, and where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import bpy
import numpy as np

from ..narrowing import given
from ..scene.drawing import NAME
from ..scene.points import cloud_of
from ..scene.splats import is_older, is_splats

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


def appearances(
    depsgraph: bpy.types.Depsgraph, space: bpy.types.SpaceView3D | None, all_of_them: bool = False
) -> list[Appearance]:
    """The splats of a scene that Blender does not draw by itself, or `all_of_them`: objects, linked duplicates and instances."""
    return [
        Appearance(_key(obj), cloud_of(obj), np.array(one.matrix_world), _is_shown(one, space))
        for one in depsgraph.object_instances
        if (obj := given(one.object))
        and is_splats(obj)
        and cloud_of(obj).points
        and (all_of_them or not _is_shown_otherwise(obj))
    ]


def note_changes(updates: Iterator[bpy.types.DepsgraphUpdate]) -> None:
    """Look at what a dependency graph says that it has updated."""
    for update in updates:
        if update.is_updated_geometry and isinstance(update.id, bpy.types.Object | bpy.types.PointCloud):
            _changes[given(update.id.original).session_uid] += 1


def forget_everything() -> None:
    """Take nothing for unchanged, as after undo or when a file has been opened."""
    global _epoch
    _epoch += 1
    _changes.clear()


def _key(obj: bpy.types.Object) -> Key:
    """Objects without modifiers show their data as it is: for them, Blender also reports mere moves as changes of geometry."""
    data, modified = cloud_of(obj), any(modifier.show_viewport for modifier in obj.modifiers)
    changes, uid = _changes[given(obj.original).session_uid] if modified else 0, given(data.original).session_uid
    return (uid, data.as_pointer(), len(data.points), changes, _changes[uid], _epoch)  # addresses are used again


def _is_shown(one: bpy.types.DepsgraphObjectInstance, space: bpy.types.SpaceView3D | None) -> bool:
    owner = given(one.parent if one.is_instance else one.object)
    return one.show_self and (space is None or owner.visible_in_viewport_get(space))


def _is_shown_otherwise(obj: bpy.types.Object) -> bool:
    """Whether Blender draws these splats, or the modifier that is there for renders is switched on for the viewport too."""
    modifier = obj.modifiers.get(NAME)
    return not is_older(cloud_of(obj)) or (modifier is not None and modifier.show_viewport)
