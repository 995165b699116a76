# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats as point clouds, with the attributes that Blender 5.3 and later read as splats."""

from __future__ import annotations

from collections.abc import Iterator

import bpy
import numpy as np

from ..engine import errors, gaussians, transform
from .drawing import show_splats

BASE = "radiance:base"


def add_splats(name: str, splats: gaussians.Gaussians, collection: bpy.types.Collection | None = None) -> bpy.types.Object:
    """A new point cloud object with numpy splats, in a collection or in the one that is active."""
    obj = bpy.data.objects.new(name, _cloud(name, splats))
    (collection or bpy.context.collection).objects.link(obj)
    show_splats(obj)
    return obj


def update_splats(obj: bpy.types.Object, splats: gaussians.Gaussians) -> None:
    """Replace the splats of an object; its place, modifiers and materials stay."""
    old, name = obj.data, obj.data.name
    obj.data = _cloud(name, splats)
    for material in old.materials:
        obj.data.materials.append(material)
    if hasattr(old, "type"):
        obj.data.type = old.type
    if old.users == 0:
        bpy.data.pointclouds.remove(old)
        obj.data.name = name


def read_splats(obj: bpy.types.Object) -> gaussians.Gaussians:
    """The splats of an object in world coordinates, shapes and harmonics changed along with it.

    Raises `TttlrmError` when the object holds no splats, or when its scale is zero along an axis.
    """
    if not is_splats(obj):
        raise errors.TttlrmError(
            f"The object “{obj.name}” holds no splats.", "Select a point cloud that was imported or made as splats.", "no_splats"
        )
    bpy.context.view_layer.update()
    matrix = np.array(obj.matrix_world)
    if np.array_equal(matrix, np.eye(4)):
        return _read(obj.data)
    return transform.apply_matrix(_read(obj.data), matrix)


def is_splats(obj: bpy.types.Object | None) -> bool:
    """Whether an object is a point cloud with the attributes of splats."""
    wanted = ("position", "scale", "rotation", BASE)
    return obj is not None and obj.type == "POINTCLOUD" and all(name in obj.data.attributes for name in wanted)


def _cloud(name: str, splats: gaussians.Gaussians) -> bpy.types.PointCloud:
    cloud = _points(len(splats))
    cloud.name = name
    for attribute, kind, values in _attributes(splats):
        target = cloud.attributes.get(attribute) or cloud.attributes.new(attribute, kind, "POINT")
        if len(splats):
            target.data.foreach_set(_field(target), np.ascontiguousarray(values, dtype=np.float32).ravel())
    return cloud


def _attributes(splats: gaussians.Gaussians) -> Iterator[tuple[str, str, np.ndarray]]:
    """Name, type and values of every attribute."""
    yield "position", "FLOAT_VECTOR", splats.means
    yield "radius", "FLOAT", _radii(splats)
    yield "scale", "FLOAT_VECTOR", splats.scales
    yield "rotation", "QUATERNION", splats.quats
    yield BASE, _four_floats(), np.column_stack((splats.sh[:, 0], splats.opacities))
    for index in range(splats.sh.shape[1] - 1):
        yield f"radiance:sh_{index}", "FLOAT_VECTOR", splats.sh[:, index + 1]


def _radii(splats: gaussians.Gaussians) -> np.ndarray:
    """None for a Blender that would draw a ball for every point of an older kind of point cloud."""
    draws_splats = "type" in bpy.types.PointCloud.bl_rna.properties
    return splats.scales.mean(axis=1) if draws_splats else np.zeros(len(splats))


def _four_floats() -> str:
    """The attribute type for four floats: a type of its own from Blender 5.3 on, before that a colour."""
    kinds = bpy.types.Attribute.bl_rna.properties["data_type"].enum_items
    return "FLOAT4" if "FLOAT4" in kinds else "FLOAT_COLOR"


def _field(attribute: bpy.types.Attribute) -> str:
    """The property of an attribute's elements that holds the number, vector or colour."""
    properties = attribute.data[0].bl_rna.properties
    return next(name for name in ("value", "vector", "color") if name in properties)


def _points(count: int) -> bpy.types.PointCloud:
    """A point cloud of some number of points."""
    cloud = bpy.data.pointclouds.new("splats")
    if hasattr(cloud, "resize"):
        cloud.resize(count)
        return cloud
    copy = _points_by_nodes(cloud, count) if count else cloud.copy()
    bpy.data.pointclouds.remove(cloud)
    return copy


def _points_by_nodes(cloud: bpy.types.PointCloud, count: int) -> bpy.types.PointCloud:
    """Before Blender 5.1 only geometry nodes can make points quickly."""
    tree = bpy.data.node_groups.new("points", "GeometryNodeTree")
    tree.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
    points, output = tree.nodes.new("GeometryNodePoints"), tree.nodes.new("NodeGroupOutput")
    points.inputs["Count"].default_value = count
    tree.links.new(points.outputs[0], output.inputs[0])
    maker = bpy.data.objects.new("points", cloud)
    maker.modifiers.new("points", "NODES").node_group = tree
    bpy.context.scene.collection.objects.link(maker)
    try:
        return maker.evaluated_get(bpy.context.evaluated_depsgraph_get()).data.copy()
    finally:
        bpy.data.objects.remove(maker)
        bpy.data.node_groups.remove(tree)


def _read(cloud: bpy.types.PointCloud) -> gaussians.Gaussians:
    base = _values(cloud, BASE, 4)
    terms = (_degree(cloud) + 1) ** 2
    sh = np.empty((len(base), terms, 3), dtype=np.float32)
    sh[:, 0] = base[:, :3]
    for index in range(terms - 1):
        sh[:, index + 1] = _values(cloud, f"radiance:sh_{index}", 3)
    means, quats, scales = _values(cloud, "position", 3), _values(cloud, "rotation", 4), _values(cloud, "scale", 3)
    return gaussians.Gaussians(means, quats, scales, np.ascontiguousarray(base[:, 3]), sh)


def _degree(cloud: bpy.types.PointCloud) -> int:
    """The largest SH degree whose coefficients are all there."""
    return max(d for d in range(4) if all(f"radiance:sh_{k}" in cloud.attributes for k in range((d + 1) ** 2 - 1)))


def _values(cloud: bpy.types.PointCloud, name: str, width: int) -> np.ndarray:
    """An attribute as [N, width] float32."""
    attribute = cloud.attributes[name]
    values = np.empty((len(attribute.data), width), dtype=np.float32)
    if len(values):
        attribute.data.foreach_get(_field(attribute), values.ravel())
    return values
