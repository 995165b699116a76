# SPDX-License-Identifier: GPL-3.0-or-later
"""Which splats are selected, hidden and antialiased: boolean attributes of the points, saved and undone with them.

Older Blenders have no edit mode for point clouds. Its own name for selected points is used, so that where there is one it shows
what was selected here; but a cloud without the attribute has nothing selected, where that edit mode takes all. Geometry nodes
may not read Blender's own names, and they are what leaves hidden splats out: so `HIDDEN` is a plain one.

The overlay draws each splat as it was optimized to be drawn, whatever it was joined with. Renders need not know: rays see splats
as they are, without the blur of rasterizers, and what a pixel's rays see is averaged, as antialiased splats expect.
"""

from __future__ import annotations

import bpy
import numpy as np

from ..narrowing import given, untyped
from ..windows import redraw
from . import nodes, points
from .editable import own

SELECTED = ".selection"
HIDDEN = "splat_hidden"
LEFT_OUT = "splat_left_out"  # those of the hidden ones that only the look leaves out
ANTIALIASED = "splat_antialiased"
MODIFIER = "tttLRM hidden splats"


def selected(obj: bpy.types.Object) -> np.ndarray | None:  # [N] bool
    """The selected splats of an object; None for none. A cheap call: a millisecond for a million splats."""
    return _mask(points.cloud_of(obj), SELECTED)


def hidden(obj: bpy.types.Object) -> np.ndarray | None:  # [N] bool
    """The hidden splats of an object; None for none."""
    return _mask(points.cloud_of(obj), HIDDEN)


def by_hand(obj: bpy.types.Object) -> np.ndarray | None:  # [N] bool
    """The splats of an object that a person has hidden; None for none."""
    found, left_out = hidden(obj), _mask(points.cloud_of(obj), LEFT_OUT)
    mask = found if found is None or left_out is None else found & ~left_out
    return mask if mask is not None and mask.any() else None


def visible(obj: bpy.types.Object) -> np.ndarray | None:  # [N] bool
    """The splats of an object that are to be seen; None for all."""
    found = hidden(obj)
    return None if found is None else ~found


def antialiased(obj: bpy.types.Object) -> np.ndarray | None:  # [N] bool
    """The antialiased splats of an object; None for none."""
    return _mask(points.cloud_of(obj), ANTIALIASED)


def antialiased_of_visible(obj: bpy.types.Object) -> np.ndarray:  # [M] bool
    """Which of the splats of an object that are to be seen are antialiased."""
    found, shown = antialiased(obj), visible(obj)
    mask = np.zeros(len(points.cloud_of(obj).points), dtype=bool) if found is None else found
    return mask if shown is None else mask[shown]


def select(
    obj: bpy.types.Object,
    mask: np.ndarray,  # [N] bool
) -> int:
    """Select exactly the splats of a mask that are not hidden; gives their number. All objects with the same points follow."""
    shown = visible(obj)
    mask = mask if shown is None else mask & shown
    points.write(points.cloud_of(obj), SELECTED, "BOOLEAN", mask)
    redraw("VIEW_3D")  # a selection changes nothing that Blender itself would notice
    return int(np.count_nonzero(mask))


def hide(
    obj: bpy.types.Object,
    mask: np.ndarray,  # [N] bool
) -> None:
    """Hide exactly the splats of a mask, in the viewport, in renders and for exports; all objects with the same points follow."""
    points.write(points.cloud_of(obj), HIDDEN, "BOOLEAN", mask)
    for user in bpy.data.objects:
        if user.data == obj.data:
            _leave_out_hidden(user, bool(mask.any()))
    points.cloud_of(obj).update_tag()
    redraw("VIEW_3D")


def hide_by_hand(
    obj: bpy.types.Object,
    mask: np.ndarray,  # [N] bool
) -> int:
    """Hide the splats of a mask too, as a person does: they stay so when the look leaves out fewer. Gives how many are hidden."""
    cloud, before = points.cloud_of(obj), hidden(obj)
    left_out = _mask(cloud, LEFT_OUT)
    if left_out is not None:
        points.write(cloud, LEFT_OUT, "BOOLEAN", left_out & ~mask)
    wanted = mask if before is None else mask | before
    hide(obj, wanted)
    return int(np.count_nonzero(wanted))


def _mask(cloud: bpy.types.PointCloud, name: str) -> np.ndarray | None:
    attribute = cloud.attributes.get(name)
    if attribute is None or attribute.data_type != "BOOLEAN":
        return None
    mask = points.read(cloud, name)[:, 0]
    return mask if mask.any() else None


def _leave_out_hidden(obj: bpy.types.Object, wanted: bool) -> None:
    """A modifier before all others while something is hidden: so it works for any Blender and any other modifier."""
    modifier = obj.modifiers.get(MODIFIER)
    if modifier and not wanted:
        obj.modifiers.remove(modifier)
    if wanted and not modifier:
        untyped(obj.modifiers.new(MODIFIER, "NODES")).node_group = own(bpy.data.node_groups, MODIFIER) or _shown_points()
        obj.modifiers.move(len(obj.modifiers) - 1, 0)


def _shown_points() -> bpy.types.NodeTree:
    tree = bpy.data.node_groups.new(MODIFIER, "GeometryNodeTree")
    untyped(tree).is_modifier = True
    given(tree.interface).new_socket("Geometry", in_out="INPUT", socket_type="NodeSocketGeometry")
    given(tree.interface).new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
    marked = nodes.value(tree, "GeometryNodeInputNamedAttribute", "Attribute", HIDDEN, data_type="BOOLEAN")
    shown = nodes.add(tree, "GeometryNodeDeleteGeometry", tree.nodes.new("NodeGroupInput"), marked, domain="POINT")
    nodes.add(tree, "NodeGroupOutput", shown)
    return tree
