# SPDX-License-Identifier: GPL-3.0-or-later
"""The colour of splats along a line of sight, worked out by geometry nodes.

Node groups inside each other, and as few nodes as will do: whenever a node is added, linked or set, Blender looks through all
nodes of its group, so that one large group would take three times as long to make.
"""

from __future__ import annotations

import math

import bpy

from . import nodes
from .nodes import Value

NAME, WEIGHTS, LINEAR = "tttLRM seen colour", "tttLRM harmonics", "tttLRM linear light"
TERMS = 15  # of degrees 1 to 3


def seen_color(direction: Value, trained: Value) -> Value:
    """max(0, 0.5 + SH) along a direction from the eye: as sRGB values where `trained`, otherwise in linear light."""
    inputs = {"Direction": "NodeSocketVector", "As Trained": "NodeSocketBool"}
    (color,) = nodes.call(nodes.group(NAME, inputs, {"Color": "NodeSocketVector"}, _seen_color), direction, trained)
    return color


def attribute(tree: bpy.types.NodeTree, name: str, kind: str = "FLOAT_VECTOR") -> Value:
    """What the splats have of some name."""
    return nodes.value(tree, "GeometryNodeInputNamedAttribute", "Attribute", name, data_type=kind)


def _seen_color(direction: Value, trained: Value) -> list[Value]:
    tree, outputs = direction.tree, {f"sh_{index}": "NodeSocketFloat" for index in range(TERMS)}
    color = attribute(tree, "radiance:base", "FLOAT_COLOR") * math.sqrt(1 / (4 * math.pi)) + 0.5
    weights = nodes.group(WEIGHTS, {"Direction": "NodeSocketVector"}, outputs, _harmonics)
    for name, weight in zip(outputs, nodes.call(weights, direction), strict=True):
        color = attribute(tree, f"radiance:{name}").times_plus(weight, color)
    color = color.at_least(0.0)
    number = {"Value": "NodeSocketFloat"}
    linear = nodes.group(LINEAR, number, number, _linear)
    red, green, blue = (nodes.call(linear, part)[0] for part in color.parts())
    both = nodes.combine(red, green, blue), color
    return [nodes.value(tree, "GeometryNodeSwitch", "Output", trained, *both, input_type="VECTOR")]


def _harmonics(direction: Value) -> list[Value]:
    """The spherical harmonics of a unit vector, in the order and with the signs of Gaussian splatting."""
    x, y, z = direction.parts()
    xx, yy, zz = x * x, y * y, z * z
    a, b = math.sqrt(3 / (4 * math.pi)), math.sqrt(15 / (4 * math.pi))
    c, d = math.sqrt(5 / (16 * math.pi)), math.sqrt(35 / (32 * math.pi))
    e, f, g = math.sqrt(105 / (4 * math.pi)), math.sqrt(21 / (32 * math.pi)), math.sqrt(7 / (16 * math.pi))
    xy, difference, around = x * y, xx - yy, zz * (-5 * f) + f
    first = [y * -a, z * a, x * -a]
    second = [xy * b, y * z * -b, zz * (3 * c) - c, x * z * -b, difference * (b / 2)]
    third = [y * (xx * 3.0 - yy) * -d, xy * z * e, y * around, z * (zz * (5 * g) - 3 * g)]
    return [*first, *second, *third, x * around, z * difference * (e / 2), x * (xx - yy * 3.0) * -d]


def _linear(value: Value) -> list[Value]:
    low, high = value * (1 / 12.92), ((value + 0.055) * (1 / 1.055)).power(2.4)
    return [low + (high - low) * value.above(0.04045)]
