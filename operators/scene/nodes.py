# SPDX-License-Identifier: GPL-3.0-or-later
"""Node trees written as formulas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy

from ..narrowing import given, untyped
from .editable import own

VECTOR = "VECTOR"


class Value:
    """An output socket that arithmetic connects to new nodes; numbers and vectors alike."""

    def __init__(self, tree: bpy.types.NodeTree, socket: bpy.types.NodeSocket) -> None:
        self.tree, self.socket = tree, socket

    @property
    def is_vector(self) -> bool:
        """Whether the socket carries three numbers."""
        return self.socket.type in {VECTOR, "RGBA"}

    def __add__(self, other: Value | float) -> Value:
        return self._with("ADD", other)

    def __sub__(self, other: Value | float) -> Value:
        return self._with("SUBTRACT", other)

    def __mul__(self, other: Value | float) -> Value:
        if self.is_vector and not (isinstance(other, Value) and other.is_vector):
            return self._vector("SCALE", Scale=other)
        return self._with("MULTIPLY", other)

    __rmul__ = __mul__

    def __neg__(self) -> Value:
        return self * -1.0

    def __truediv__(self, other: Value | float) -> Value:
        return self._with("DIVIDE", other)

    def power(self, exponent: float) -> Value:
        """A number raised to an exponent."""
        return self._with("POWER", exponent)

    def exp(self) -> Value:
        """e raised to a number."""
        return self._with("EXPONENT")

    def above(self, threshold: float) -> Value:
        """1 where a number is greater than the threshold, 0 elsewhere."""
        return self._with("GREATER_THAN", threshold)

    def sign(self) -> Value:
        """−1, 0 or 1."""
        return self._with("SIGN")

    def at_least(self, other: Value | float | tuple[float, float, float]) -> Value:
        """The larger of two, component by component."""
        return self._with("MAXIMUM", other)

    def dot(self, other: Value) -> Value:
        """The scalar product of two vectors."""
        return self._vector("DOT_PRODUCT", other)

    def cross(self, other: Value) -> Value:
        """The vector product of two vectors."""
        return self._vector("CROSS_PRODUCT", other)

    def normalized(self) -> Value:
        """A vector brought to unit length."""
        return self._vector("NORMALIZE")

    def times_plus(self, factor: Value, summand: Value) -> Value:
        """A vector times a number or vector, plus another vector, in one node."""
        return self._vector("MULTIPLY_ADD", factor, summand)

    def parts(self) -> tuple[Value, Value, Value]:
        """x, y and z of a vector."""
        node = add(self.tree, "ShaderNodeSeparateXYZ", self)
        x, y, z = (Value(self.tree, socket) for socket in node.outputs)
        return x, y, z

    def _with(self, operation: str, *others: Any) -> Value:
        if self.is_vector:
            return self._vector(operation, *others)
        node = add(self.tree, "ShaderNodeMath", self, *others, operation=operation)
        return Value(self.tree, node.outputs[0])

    def _vector(self, operation: str, *others: Any, **named: Any) -> Value:
        node = add(self.tree, "ShaderNodeVectorMath", self, *others, operation=operation)
        for name, value in named.items():
            connect(self.tree, value, node.inputs[name])
        return Value(self.tree, next(socket for socket in node.outputs if socket.enabled))


def tree_of(owner: bpy.types.Material | bpy.types.World) -> bpy.types.NodeTree:
    """The nodes of a new material or world. Before Blender 5.0 they have to be asked for."""
    if owner.node_tree is None:
        owner.use_nodes = True
    return given(owner.node_tree)


def add(tree: bpy.types.NodeTree, kind: str, *inputs: Any, **settings: Any) -> Any:
    """A new node of the class that `kind` names, with properties set and its first inputs connected or given values.

    Inputs that its properties rule out do not count: Blender 5.3 has some of its own in front.
    """
    node = tree.nodes.new(kind)
    for name, value in settings.items():
        setattr(node, name, value)
    for value, socket in zip(inputs, [socket for socket in node.inputs if not socket.is_unavailable], strict=False):
        connect(tree, value, socket)
    return node


def value(tree: bpy.types.NodeTree, kind: str, output: str | int = 0, *inputs: Any, **settings: Any) -> Value:
    """One output of a new node."""
    node = add(tree, kind, *inputs, **settings)
    if isinstance(output, int):
        return Value(tree, node.outputs[output])
    return Value(tree, next(socket for socket in node.outputs if socket.name == output and socket.enabled))


def group(
    name: str,
    inputs: dict[str, str],  # name and type of each socket
    outputs: dict[str, str],
    formula: Callable[..., list[Value]],  # from the inputs to the outputs
) -> bpy.types.NodeTree:
    """A group of geometry nodes that works out a formula: the one of that name, where there is one."""
    if found := own(bpy.data.node_groups, name):
        return found
    tree = bpy.data.node_groups.new(name, "GeometryNodeTree")
    for direction, sockets in (("INPUT", inputs), ("OUTPUT", outputs)):
        for label, kind in sockets.items():
            given(tree.interface).new_socket(label, in_out=untyped(direction), socket_type=kind)
    sources = tree.nodes.new("NodeGroupInput").outputs
    add(tree, "NodeGroupOutput", *formula(*(Value(tree, sources[label]) for label in inputs)))
    return tree


def call(group: bpy.types.NodeTree, *inputs: Value) -> list[Value]:
    """The outputs of a group for some inputs."""
    tree = inputs[0].tree
    return [Value(tree, socket) for socket in add(tree, "GeometryNodeGroup", *inputs, node_tree=group).outputs]


def combine(x: Value, y: Value | float, z: Value | float) -> Value:
    """A vector of three numbers."""
    return value(x.tree, "ShaderNodeCombineXYZ", 0, x, y, z)


def connect(tree: bpy.types.NodeTree, what: Any, socket: bpy.types.NodeSocket) -> None:
    """Link a value, a socket or a node's first output to an input, or set the input's own value."""
    if isinstance(what, bpy.types.Node):
        what = what.outputs[0]
    if isinstance(what, Value):
        what = what.socket
    if isinstance(what, bpy.types.NodeSocket):
        tree.links.new(what, socket)
    elif socket.type == VECTOR and isinstance(what, float):
        untyped(socket).default_value = (what, what, what)
    else:
        untyped(socket).default_value = what
