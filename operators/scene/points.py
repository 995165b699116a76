# SPDX-License-Identifier: GPL-3.0-or-later
"""Point clouds as tables of attributes: made, read, written, and put in each other's place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import bpy
import numpy as np

from ..narrowing import given, untyped

BUFFERS = {"BOOLEAN": bool, "INT": np.int32, "INT8": np.int8}  # all other kinds are floats


class Column(NamedTuple):
    """One attribute of all points."""

    kind: str  # Blender's name of its type
    values: np.ndarray  # [N, width]


Table = dict[str, Column]


def new_cloud(
    positions: np.ndarray,  # [N, 3] float32
) -> bpy.types.PointCloud:
    """A point cloud of points at some places, whose bounds Blender knows."""
    cloud = bpy.data.pointclouds.new("splats")
    if len(positions) and not hasattr(cloud, "resize"):
        return _placed_by_nodes(_made_by_nodes(cloud, len(positions)), positions)
    if len(positions):
        untyped(cloud).resize(len(positions))
    write(cloud, "position", "FLOAT_VECTOR", positions)
    return cloud


def _made_by_nodes(cloud: bpy.types.PointCloud, count: int) -> bpy.types.PointCloud:
    """Before Blender 5.1 only geometry nodes can make points quickly."""
    with _evaluating("GeometryNodePoints", cloud) as (node, evaluated):
        node.inputs["Count"].default_value, node.inputs["Radius"].default_value = count, 0.0
        return evaluated()


def _placed_by_nodes(
    cloud: bpy.types.PointCloud,
    positions: np.ndarray,  # [N, 3] float32
) -> bpy.types.PointCloud:
    """Before Blender 5.1 it keeps the bounds that a cloud once had, unless geometry nodes move its points, even by nothing."""
    write(cloud, "position", "FLOAT_VECTOR", positions)
    with _evaluating("GeometryNodeSetPosition", cloud) as (_, evaluated):
        return evaluated()


@contextmanager
def _evaluating(kind: str, cloud: bpy.types.PointCloud) -> Iterator[tuple[Any, Callable[[], bpy.types.PointCloud]]]:
    """A geometry node, and what gives a copy of what it makes of a point cloud, which is removed in the end."""
    tree = bpy.data.node_groups.new("points", "GeometryNodeTree")
    for direction in ("INPUT", "OUTPUT"):
        given(tree.interface).new_socket("Geometry", in_out=untyped(direction), socket_type="NodeSocketGeometry")
    source, node, output = (tree.nodes.new(name) for name in ("NodeGroupInput", kind, "NodeGroupOutput"))
    if "Geometry" in node.inputs:
        tree.links.new(source.outputs[0], node.inputs["Geometry"])
    tree.links.new(node.outputs[0], output.inputs[0])
    maker = bpy.data.objects.new("points", cloud)
    untyped(maker.modifiers.new("points", "NODES")).node_group = tree
    given(bpy.context.scene).collection.objects.link(maker)
    try:
        yield node, lambda: cloud_of(maker.evaluated_get(bpy.context.evaluated_depsgraph_get())).copy()
    finally:
        bpy.data.objects.remove(maker)
        bpy.data.node_groups.remove(tree)
        bpy.data.pointclouds.remove(cloud)


def cloud_of(obj: bpy.types.Object) -> bpy.types.PointCloud:
    """The point cloud that an object shows."""
    assert isinstance(obj.data, bpy.types.PointCloud)
    return obj.data


def shape(cloud: bpy.types.PointCloud, name: str) -> tuple[int, int]:
    """How many points an attribute has, and how many numbers for each."""
    attribute = cloud.attributes[name]
    return len(untyped(attribute).data), _element(attribute).array_length or 1


def read(
    cloud: bpy.types.PointCloud,
    name: str,
    into: np.ndarray | None = None,  # [N, width], in one piece
) -> np.ndarray:
    """An attribute as [N, width]; a width of 1 for plain numbers."""
    attribute = cloud.attributes[name]
    values = np.empty(shape(cloud, name), dtype=BUFFERS.get(attribute.data_type, np.float32)) if into is None else into
    if len(values):
        untyped(attribute).data.foreach_get(_element(attribute).identifier, values.ravel())
    return values


def write(
    cloud: bpy.types.PointCloud,
    name: str,
    kind: str,
    values: np.ndarray,  # [N, width] or [N]
) -> None:
    """Set an attribute, which is made where it is missing or of another kind."""
    attribute = cloud.attributes.get(name)
    if attribute and attribute.data_type != kind:
        cloud.attributes.remove(attribute)
        attribute = None
    attribute = attribute or cloud.attributes.new(name, untyped(kind), "POINT")
    if len(values):
        buffer = np.ascontiguousarray(values, dtype=BUFFERS.get(kind, np.float32))
        untyped(attribute).data.foreach_set(_element(attribute).identifier, buffer.ravel())


def _element(attribute: bpy.types.Attribute) -> Any:
    """What holds a point's number, vector or color. It is asked of the type: a look at shared data makes Blender copy them."""
    properties = untyped(attribute.bl_rna.properties["data"]).fixed_type.properties
    return next(properties[name] for name in ("value", "vector", "color") if name in properties)


def read_all(cloud: bpy.types.PointCloud) -> Table:
    """All attributes but texts, which no point needs."""
    return {a.name: Column(a.data_type, read(cloud, a.name)) for a in cloud.attributes if a.data_type != "STRING"}


def rows(table: Table, keep: np.ndarray) -> Table:
    """The points of a mask."""
    indices = np.flatnonzero(keep)  # taken much faster than by the mask itself
    return {name: Column(kind, values.take(indices, axis=0)) for name, (kind, values) in table.items()}


def stacked(tables: list[Table]) -> Table:
    """The points of several tables in one; what a table lacks is 0 there."""
    counts = [len(table["position"].values) for table in tables]
    kinds = {name: column for table in reversed(tables) for name, column in table.items()}
    return {
        name: Column(column.kind, np.concatenate([_filled(t.get(name), column, n) for t, n in zip(tables, counts, strict=True)]))
        for name, column in kinds.items()
    }


def _filled(column: Column | None, like: Column, count: int) -> np.ndarray:
    if column is not None and column.kind == like.kind:
        return column.values
    return np.zeros((count, like.values.shape[1]), dtype=like.values.dtype)


def cloud_like(cloud: bpy.types.PointCloud, table: Table) -> bpy.types.PointCloud:
    """A new point cloud with other points and the materials, settings and custom properties of an old one."""
    new = new_cloud(table["position"].values)
    for name, (kind, values) in table.items():
        if name != "position":
            write(new, name, kind, values)
    for name, value in cloud.items():
        new[name] = value
    dress(new, cloud)
    return new


def dress(new: bpy.types.PointCloud, old: bpy.types.PointCloud) -> None:
    """Give a point cloud the materials of another, and what Blender draws it as."""
    for material in old.materials:
        new.materials.append(material)
    if hasattr(old, "type"):
        untyped(new).type = old.type


def replace(old: bpy.types.PointCloud, new: bpy.types.PointCloud) -> None:
    """Put a new point cloud in the place of an old one in all objects that show it."""
    name = old.name
    old.user_remap(new)
    bpy.data.pointclouds.remove(old)
    new.name = name
