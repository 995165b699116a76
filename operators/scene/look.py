# SPDX-License-Identifier: GPL-3.0-or-later
"""How an object shows its splats, live: which of them and how large, as its settings say. Nothing is lost by that.

What a setting leaves out is only hidden, and marked, so that it comes back without what a person has hidden. While sizes are
changed, the splats' own are in an attribute beside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from typing import Any

import bpy
import numpy as np
from bpy.app.handlers import persistent

from .. import app_handlers
from ..engine import clean, errors, gaussians, look, settings
from ..narrowing import group_of
from . import masks, points, region
from .crop import around
from .editable import is_editable
from .modes import leave_mode
from .radiance import BASE
from .reconstruction import cameras_of
from .remembered import remembered
from .splats import is_splats, read_local, write_sizes

SIZES = "splat_size"  # the attribute with the sizes of the splats themselves, while others are shown
ROUNDING = 1e-5  # of places that Blender computes in single precision
NAMES = tuple(field.name for field in fields(settings.LookSettings) if field.name != "crop")  # a crop box is an object here
SIZED = ("scale", "size_limit")  # those that change sizes; all others leave splats out
Look = settings.LookSettings

_silent = False  # whether changed settings have no effect for now


def follow(owner: bpy.types.ID) -> None:
    """Show an object's splats as its settings say now; scenes have settings too, but nothing to show."""
    if isinstance(owner, bpy.types.Object) and is_splats(owner) and not _silent:
        apply(owner)


@contextmanager
def silently() -> Iterator[None]:
    """Within the block, changed settings have no effect, so that several of them can be changed before they are applied."""
    global _silent
    before, _silent = _silent, True
    try:
        yield
    finally:
        _silent = before


@contextmanager
def together(objects: Iterable[bpy.types.Object]) -> Iterator[None]:
    """Show some objects as their settings say after the block, once each: those alike in the end keep the splats they share."""
    with silently():
        yield
    for obj in objects:
        follow(obj)


def apply(obj: bpy.types.Object) -> None:
    """Show an object's splats as its settings say.

    A look is each object's: one that shared its splats with others that look different gets splats of its own, and so does one
    whose splats are linked from another file, where nothing stays.
    """
    own, wanted = group_of(obj), _wanted(obj)
    if not _touched(points.cloud_of(obj)) and wanted == Look() and own.share == 1 and own.crop is None and not own.use_region:
        return
    lost_later = is_editable(obj) and not is_editable(points.cloud_of(obj))
    if lost_later or not all(_alike(obj, other) for other in sharing(obj)):
        _unshare(obj)
    cloud = points.cloud_of(obj)
    means, eyes = points.read(cloud, "position"), eyes_of(obj)
    _leave_out(obj, _shown(obj, means, eyes, wanted))
    _resize(cloud, means, eyes, wanted)
    cloud.update_tag()


def whole(obj: bpy.types.Object) -> gaussians.Gaussians[np.ndarray]:
    """The splats of an object in its own coordinates, as they are, except those that a person has hidden."""
    hidden, antialiased = masks.by_hand(obj), masks.antialiased(obj)
    splats = unsized(points.cloud_of(obj))
    keep = np.ones(len(splats), dtype=bool) if hidden is None else ~hidden
    blurred = antialiased is not None and bool(antialiased[keep].any())
    return replace(splats if hidden is None else splats[keep], antialiased=blurred)


def settle(obj: bpy.types.Object) -> None:
    """Make what an object shows what it is: sizes stay, what is left out is hidden as by hand, and its settings go back.

    Other objects with the same splats keep their look, and get apart from this one.
    """
    if _touched(points.cloud_of(obj)) and sharing(obj):
        _unshare(obj)
    attributes = points.cloud_of(obj).attributes
    for name in (SIZES, masks.LEFT_OUT):
        if name in attributes:
            attributes.remove(attributes[name])
    reset(obj, NAMES)


def reset(obj: bpy.types.Object, names: Iterable[str]) -> None:
    """Put some settings back, and all that leave splats out but are of Blender alone, without an effect for now."""
    own = group_of(obj)
    with silently():
        own.crop, own.share, own.use_region = None, 1.0, False
        for name in names:
            setattr(own.decode, name, getattr(Look(), name))


def sharing(obj: bpy.types.Object) -> list[bpy.types.Object]:
    """The other objects with the same point cloud."""
    cloud = points.cloud_of(obj)
    return [other for other in bpy.data.objects if other.data == cloud and other != obj] if cloud.users > 1 else []


def unsized(cloud: bpy.types.PointCloud) -> gaussians.Gaussians[np.ndarray]:
    """All splats of a cloud as `read_local` gives them, but in their own sizes, whatever is shown."""
    splats = read_local(cloud)
    return replace(splats, scales=points.read(cloud, SIZES)) if SIZES in cloud.attributes else splats


def _wanted(obj: bpy.types.Object) -> Look:
    return Look(**{name: getattr(group_of(obj).decode, name) for name in NAMES})


def _touched(cloud: bpy.types.PointCloud) -> bool:
    """Whether a look has left its marks on a cloud."""
    return masks.LEFT_OUT in cloud.attributes or SIZES in cloud.attributes


def _alike(one: bpy.types.Object, other: bpy.types.Object) -> bool:
    """Whether two objects would show the same splats in the same way, also from where each of them stands."""
    wanted = _wanted(one)
    if wanted != _wanted(other) or group_of(one).share != group_of(other).share:
        return False
    seen = bool(wanted.near or wanted.far or wanted.size_limit or wanted.fog)
    boxes = all(_close(box(one), box(other)) for box in (_crop, _region))
    return boxes and (not seen or _close(eyes_of(one), eyes_of(other)))


def _close(one: np.ndarray | None, other: np.ndarray | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.shape == other.shape and np.allclose(one, other, atol=ROUNDING)


def _unshare(obj: bpy.types.Object) -> None:
    """Give an object a copy of its splats for itself."""
    leave_mode(obj)
    cloud = points.cloud_of(obj)
    obj.data = cloud.copy()
    obj.data.name = cloud.name


def _shown(obj: bpy.types.Object, means: np.ndarray, eyes: np.ndarray, wanted: Look) -> np.ndarray:  # [N] bool
    cloud, hidden = points.cloud_of(obj), masks.by_hand(obj)
    opacities = points.read(cloud, BASE).reshape(-1, 4)[:, 3]
    keep = np.ones(len(means), dtype=bool) if hidden is None else ~hidden
    most = round(group_of(obj).share * np.count_nonzero(keep))
    keep &= opacities >= wanted.min_opacity
    if group_of(obj).use_region:
        keep &= region.inside(obj, means)
    crop = _crop(obj)
    if crop is not None:
        keep &= look.in_crop(means, crop)
    if len(eyes) and (wanted.near or wanted.far):
        keep &= look.in_range(means, eyes, wanted.near, wanted.far)
    keep &= ~dirt(cloud, means, opacities, eyes, wanted)
    return look.most_opaque(opacities, keep, min(most, wanted.max_splats or most))


def dirt(cloud: bpy.types.PointCloud, means: np.ndarray, opacities: np.ndarray, eyes: np.ndarray, wanted: Look) -> np.ndarray:
    """Mask of floaters and fog among all splats: [N]. It is worked out anew only for other splats or settings."""
    if not (wanted.floaters or wanted.fog):
        return np.zeros(len(means), dtype=bool)
    sizes = points.read(cloud, SIZES if SIZES in cloud.attributes else "scale")
    floaters = remembered(clean.floaters, means, sizes, opacities, wanted.floaters)
    return floaters | remembered(clean.fog, means, sizes, opacities, eyes, wanted.fog)


def _leave_out(obj: bpy.types.Object, shown: np.ndarray) -> None:
    """Hide what is not shown, beside what a person has hidden, and mark the former."""
    hand = masks.by_hand(obj)
    hidden = np.zeros(len(shown), dtype=bool) if hand is None else hand
    cloud, left_out = points.cloud_of(obj), ~shown & ~hidden
    if left_out.any():
        points.write(cloud, masks.LEFT_OUT, "BOOLEAN", left_out)
    elif masks.LEFT_OUT in cloud.attributes:
        cloud.attributes.remove(cloud.attributes[masks.LEFT_OUT])
    masks.hide(obj, left_out | hidden)


def _resize(cloud: bpy.types.PointCloud, means: np.ndarray, eyes: np.ndarray, wanted: Look) -> None:
    own = points.read(cloud, SIZES if SIZES in cloud.attributes else "scale")
    sizes = own * np.float32(wanted.scale)
    if wanted.size_limit and len(eyes):
        sizes = np.minimum(sizes, np.float32(wanted.size_limit) * look.nearest(means, eyes)[:, None])
    if np.array_equal(sizes, own):
        if SIZES in cloud.attributes:
            cloud.attributes.remove(cloud.attributes[SIZES])
    else:
        points.write(cloud, SIZES, "FLOAT_VECTOR", own)
    write_sizes(cloud, sizes)


def eyes_of(obj: bpy.types.Object) -> np.ndarray:  # [V, 3]
    """Where the cameras of an object's scene are, in its own coordinates; none where it has no size."""
    if not obj.matrix_world.determinant():
        return np.zeros((0, 3))
    back = obj.matrix_world.inverted()
    return np.array([back @ camera.matrix_world.translation for camera in cameras_of(obj)]).reshape(-1, 3)


def _region(obj: bpy.types.Object) -> np.ndarray | None:
    return region.matrix(obj) if group_of(obj).use_region else None


def _crop(obj: bpy.types.Object) -> np.ndarray | None:
    """The matrix from an object's own coordinates to its crop box; None without one, or while it is flat."""
    try:
        box = group_of(obj).crop
        return None if box is None else np.array(around(box).inverted() @ obj.matrix_world)
    except errors.TttlrmError:
        return None


def _apply_all(objects: Iterable[bpy.types.Object]) -> None:
    for obj in objects:
        if is_splats(obj):
            apply(obj)


@persistent
def moved(scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph) -> None:
    """Blender calls this after changes: splats follow their crop boxes."""
    ids = [update.id.original for update in depsgraph.updates if update.id and update.is_updated_transform]
    if ids and bpy.data.pointclouds:
        cropped = (obj for obj in scene.objects if obj.type == "POINTCLOUD" and group_of(obj).crop)
        _apply_all([obj for obj in cropped if obj in ids or group_of(obj).crop in ids])


@persistent
def _went_back(*_: Any) -> None:
    """Boxes may have moved."""
    _apply_all([obj for obj in bpy.data.objects if obj.type == "POINTCLOUD" and group_of(obj).crop])


HANDLERS = (("depsgraph_update_post", moved), ("undo_post", _went_back), ("redo_post", _went_back))


def register() -> None:
    """Register the handlers."""
    app_handlers.register(HANDLERS)


def unregister() -> None:
    """Unregister the handlers."""
    app_handlers.unregister(HANDLERS)
