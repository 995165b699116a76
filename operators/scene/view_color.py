# SPDX-License-Identifier: GPL-3.0-or-later
"""The color of splats along a line of sight, worked out by geometry nodes.

Node groups inside each other, and as few nodes as will do: whenever a node is added, linked or set, Blender looks through all
nodes of its group, so that one large group would take three times as long to make.
"""

from __future__ import annotations

import math

import bpy

from . import nodes
from .nodes import Value
from .radiance import BASE, OLDER_BASE, SH

NAME, HARMONICS, LINEAR = "tttLRM view color", "tttLRM harmonics", "tttLRM linear light"
NUMBER, VECTOR, CHOICE = "NodeSocketFloat", "NodeSocketVector", "NodeSocketBool"
TERMS = dict.fromkeys(SH, NUMBER)


def linear_group() -> bpy.types.NodeTree:
    """From a part of an sRGB color to linear light."""
    return nodes.group(LINEAR, {"Value": NUMBER}, {"Value": NUMBER}, _linear)


def harmonics_group() -> bpy.types.NodeTree:
    """The weights of color coefficients along a unit vector."""
    return nodes.group(HARMONICS, {"Direction": VECTOR}, TERMS, _harmonics)


def view_color_group() -> bpy.types.NodeTree:
    """max(0, 0.5 + SH) along a direction from the eye: as sRGB values where so chosen, otherwise in linear light."""
    return nodes.group(NAME, {"Direction": VECTOR, "As Trained": CHOICE}, {"Color": VECTOR}, _view_color)


GROUPS = {LINEAR: linear_group, HARMONICS: harmonics_group, NAME: view_color_group}  # each takes those before


def attribute(tree: bpy.types.NodeTree, name: str, kind: str = "FLOAT_VECTOR") -> Value:
    """What the splats have of some name."""
    return nodes.value(tree, "GeometryNodeInputNamedAttribute", "Attribute", name, data_type=kind)


def _view_color(direction: Value, trained: Value) -> list[Value]:
    tree = direction.tree
    color = attribute(tree, BASE, OLDER_BASE) * math.sqrt(1 / (4 * math.pi)) + 0.5
    for name, weight in zip(TERMS, nodes.call(harmonics_group(), direction), strict=True):
        color = attribute(tree, name).times_plus(weight, color)
    color = color.at_least(0.0)
    red, green, blue = (nodes.call(linear_group(), part)[0] for part in color.parts())
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
