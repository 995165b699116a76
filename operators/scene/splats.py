# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats as point clouds, with the attributes that Blender 5.3 and later read as splats."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import bpy
import numpy as np

from ..engine import errors, gaussians, transform
from ..narrowing import given, group_of
from . import drawing, masks, points
from .editable import editable_collection, is_editable
from .modes import leave_mode
from .radiance import BASE, NATIVE_BASE, OLDER_BASE, SH

ROUNDING = 5e-7  # what a turn of the object and the same turn back may leave, as Blender computes them


def add_splats(
    name: str,
    splats: gaussians.Gaussians[np.ndarray],  # numpy
    collection: bpy.types.Collection | None = None,
    show: Callable[[bpy.types.Object], None] = drawing.show_splats,
) -> bpy.types.Object:
    """A new point cloud object, in a collection or else in the active one, or where neither can be changed, in the scene's."""
    obj = bpy.data.objects.new(name, _cloud(name, splats))
    editable_collection(collection, bpy.context.collection).objects.link(obj)
    show(obj)
    return obj


def update_splats(obj: bpy.types.Object, splats: gaussians.Gaussians[np.ndarray]) -> None:
    """Replace the splats of an object, which leaves edit mode; its place, modifiers and materials stay."""
    leave_mode(obj)
    old = points.cloud_of(obj)
    name = old.name
    obj.data = _cloud(name, splats)
    points.dress(points.cloud_of(obj), old)
    if old.users == 0:
        bpy.data.pointclouds.remove(old)
        obj.data.name = name


def read_splats(
    obj: bpy.types.Object,
    world: np.ndarray | None = None,  # [4, 4], from Blender's world to another
) -> gaussians.Gaussians[np.ndarray]:
    """The splats that an object shows, in world coordinates, shapes and harmonics changed along with it.

    All are antialiased if any of them are.

    Raises `TttlrmError` when the object holds no splats, or when its scale is zero along an axis.
    """
    if not is_splats(obj):
        raise errors.TttlrmError(
            "The object “{}” has no splats.",
            obj.name,
            hint="Select a point cloud that was imported or reconstructed as splats.",
            code=errors.Code.NO_SPLATS,
        )
    given(bpy.context.view_layer).update()
    matrix = np.array(obj.matrix_world) if world is None else world @ np.array(obj.matrix_world)
    splats = read_shown(obj)
    return splats if np.allclose(matrix, np.eye(4), rtol=0, atol=ROUNDING) else transform.apply_matrix(splats, matrix)


def read_shown(obj: bpy.types.Object) -> gaussians.Gaussians[np.ndarray]:
    """The splats of an object that are not hidden, in its own coordinates."""
    splats, shown = read_local(points.cloud_of(obj)), masks.visible(obj)
    splats = replace(splats, antialiased=bool(masks.antialiased_of_visible(obj).any()))
    return splats if shown is None else splats[shown]


def is_splats(obj: bpy.types.Object | None) -> bool:
    """Whether an object is a point cloud with the attributes of splats."""
    wanted = ("position", "scale", "rotation", BASE)
    return obj is not None and obj.type == "POINTCLOUD" and all(name in points.cloud_of(obj).attributes for name in wanted)


def in_scene(obj: bpy.types.Object) -> np.ndarray:  # [4, 4] float64
    """The matrix from the world of the scene's cameras to an object's own coordinates: what was applied to its splats."""
    return np.array(group_of(obj).applied, dtype=np.float64).reshape(4, 4)


def scene_matrix(obj: bpy.types.Object) -> np.ndarray:  # [4, 4] float64
    """The matrix from the world of the scene's cameras, in which the worker's results are, to Blender's world."""
    return np.array(obj.matrix_world, dtype=np.float64) @ in_scene(obj)


def is_older(cloud: bpy.types.PointCloud) -> bool:
    """Whether splats are of a kind that Blender does not draw by itself, as all are before 5.3."""
    return cloud.attributes[BASE].data_type == OLDER_BASE


def is_kept(obj: bpy.types.Object | None) -> bool:
    """Whether an object is splats whose scene a worker was given to keep."""
    return is_splats(obj) and bool(group_of(obj).session)


def is_decodable(obj: bpy.types.Object | None) -> bool:
    """Whether an object is kept splats that can be replaced by others."""
    return is_kept(obj) and is_editable(obj)


def remove_splats(obj: bpy.types.Object) -> None:
    """Remove an object, and its points where no other shows them."""
    cloud = points.cloud_of(obj)
    bpy.data.objects.remove(obj)
    if cloud.users == 0:
        bpy.data.pointclouds.remove(cloud)


def _cloud(name: str, splats: gaussians.Gaussians[np.ndarray]) -> bpy.types.PointCloud:
    cloud = points.new_cloud(splats.means)
    cloud.name = name
    write_local(cloud, splats)
    if splats.antialiased:
        points.write(cloud, masks.ANTIALIASED, "BOOLEAN", np.ones(len(splats), dtype=bool))
    return cloud


def write_local(cloud: bpy.types.PointCloud, splats: gaussians.Gaussians[np.ndarray]) -> None:
    """Set the attributes of a cloud with as many points to splats in its own coordinates; other attributes stay."""
    for name, kind, values in attributes(splats):
        points.write(cloud, name, kind, values)
    cloud.update_tag()


def write_sizes(
    cloud: bpy.types.PointCloud,
    scales: np.ndarray,  # [N, 3]
) -> None:
    """Set the sizes of a cloud's splats, as `attributes` has them."""
    points.write(cloud, "radius", "FLOAT", _radii(scales))
    points.write(cloud, "scale", "FLOAT_VECTOR", scales)


def table(splats: gaussians.Gaussians[np.ndarray]) -> points.Table:
    """All `attributes` as columns."""
    return {
        name: points.Column(kind, values if values.ndim == 2 else values[:, None]) for name, kind, values in attributes(splats)
    }


def attributes(splats: gaussians.Gaussians[np.ndarray]) -> Iterator[tuple[str, str, np.ndarray]]:
    """Name, type and values of every attribute but `masks.ANTIALIASED`, which stays as it is where splats are changed."""
    yield "position", "FLOAT_VECTOR", splats.means
    yield "radius", "FLOAT", _radii(splats.scales)
    yield "scale", "FLOAT_VECTOR", splats.scales
    yield "rotation", "QUATERNION", splats.quats
    yield (
        BASE,
        NATIVE_BASE if drawing.drawn_by_blender() else OLDER_BASE,
        np.concatenate((splats.sh[:, 0], splats.opacities[:, None]), axis=1),
    )
    for index in range(1, splats.sh.shape[1]):
        yield SH[index - 1], "FLOAT_VECTOR", splats.sh[:, index]


def _radii(scales: np.ndarray) -> np.ndarray:
    """None for a Blender that would draw a ball for every point of an older kind of point cloud."""
    return scales @ np.full(3, 1 / 3, np.float32) if drawing.drawn_by_blender() else np.zeros(len(scales), np.float32)


def read_local(cloud: bpy.types.PointCloud) -> gaussians.Gaussians[np.ndarray]:
    """All splats of a cloud in its own coordinates, the hidden ones too."""
    base = points.read(cloud, BASE).reshape(-1, 4)
    splats = gaussians.allocate(len(base), _degree(cloud))
    splats.sh[:, 0], splats.opacities[:] = base[:, :3], base[:, 3]
    for index in range(1, splats.sh.shape[1]):
        splats.sh[:, index] = points.read(cloud, SH[index - 1]).reshape(-1, 3)
    for name, array in (("position", splats.means), ("rotation", splats.quats), ("scale", splats.scales)):
        array[:] = points.read(cloud, name).reshape(-1, array.shape[1])
    return splats


def _degree(cloud: bpy.types.PointCloud) -> int:
    """The largest SH degree whose coefficients are all there."""
    return max(d for d in range(4) if all(name in cloud.attributes for name in SH[: (d + 1) ** 2 - 1]))
