# SPDX-License-Identifier: GPL-3.0-or-later
"""How splats are drawn and rendered where Blender itself does not: a card for every point, with a soft material.

This is for renders; the 3D viewport has its overlay (`operators/viewport`), and the modifier is off there. Where it is switched
on instead, an icosphere stands in for the card, for a viewport may look from anywhere.

Geometry nodes work out the color that the active camera sees, and put a card of three standard deviations through each
splat's center, parallel to that camera's picture, so that splats lie behind each other as their centers do, however large they
are; only cards of thin splats come near to the splats' own plane. The material fades by the distance at which a ray passes the
center.
"""

from __future__ import annotations

import bpy

from ..narrowing import given, untyped
from . import nodes, view_color
from .editable import own
from .nodes import Value
from .radiance import BASE
from .view_color import attribute

NAME = "tttLRM splats"
COLOR = "splat_color"  # as the active camera sees it
LEAN = "splat_lean"  # how long a card is, in widths, where the splat is a ball
TRAINED = "Blend as Trained"  # the modifier's choice: colors as sRGB values, for the view transform Raw, or in linear light
LEAST_SLANT = 0.1  # of a card to its ray, where the splat is a ball: longer cards lie before whole views, which is slow and noisy
EXTENT = 3.0  # standard deviations at which a splat ends
BOUNCES = 256  # splats that a ray may pass
CERTAIN_BOUNCES = 64  # of them before Cycles begins to end rays at random, which gives noise


def drawn_by_blender() -> bool:
    """Whether this Blender draws point clouds as splats by itself, as 5.3 and later do."""
    return "type" in bpy.types.PointCloud.bl_rna.properties


def show_splats(obj: bpy.types.Object) -> None:
    """Make a point cloud with the attributes of splats look like splats."""
    show_in_viewport(obj)
    if not drawn_by_blender():
        render_splats(obj)


def show_in_viewport(obj: bpy.types.Object) -> None:
    """Make a point cloud with the attributes of splats look like splats in 3D views."""
    if drawn_by_blender():
        untyped(obj.data).type = "GAUSSIAN_SPLAT"


def prepare() -> None:
    """Make the next of the node groups that `render_splats` needs, each of which takes about a hundredth of a second."""
    groups = {} if drawn_by_blender() else {**view_color.GROUPS, NAME: _geometry}
    missing = next((make for name, make in groups.items() if not own(bpy.data.node_groups, name)), None)
    if missing:
        missing()


def render_splats(obj: bpy.types.Object) -> None:
    """Make it look like splats in renders of a Blender that does not draw them."""
    modifier = untyped(obj.modifiers.new(NAME, "NODES"))
    modifier.node_group = own(bpy.data.node_groups, NAME) or _geometry()
    modifier.show_viewport = False  # there the overlay draws
    modifier.use_pin_to_last = True  # other modifiers change points, which it makes cards of
    for scene in obj.users_scene:
        _let_rays_pass(scene)


def blend_as_trained(obj: bpy.types.Object, wanted: bool) -> None:
    """Choose whether renders of an object's splats are exact under the view transform Raw, or good ones under all others."""
    modifier = untyped(obj.modifiers[NAME])
    item = next(item for item in modifier.node_group.interface.items_tree if item.name == TRAINED)
    if hasattr(modifier, "properties"):  # from Blender 5.2 on
        getattr(modifier.properties.inputs, item.identifier).value = wanted
    else:
        modifier[item.identifier] = wanted
    obj.update_tag()


def _let_rays_pass(scene: bpy.types.Scene) -> None:
    if hasattr(scene, "cycles"):
        cycles = untyped(scene.cycles)
        cycles.transparent_max_bounces = max(cycles.transparent_max_bounces, BOUNCES)
        cycles.min_transparent_bounces = max(cycles.min_transparent_bounces, CERTAIN_BOUNCES)


def _geometry() -> bpy.types.NodeTree:
    tree = bpy.data.node_groups.new(NAME, "GeometryNodeTree")
    untyped(tree).is_modifier = True
    given(tree.interface).new_socket("Geometry", in_out="INPUT", socket_type="NodeSocketGeometry")
    choice = given(tree.interface).new_socket(TRAINED, in_out="INPUT", socket_type="NodeSocketBool")
    choice.description = (
        "Give colors to renders as sRGB values, blended as they were trained. The scene's view transform must be Raw"
    )
    given(tree.interface).new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
    camera = nodes.value(tree, "GeometryNodeInputActiveCamera")
    frame = nodes.value(tree, "GeometryNodeObjectInfo", "Transform", camera, transform_space="RELATIVE")
    eye = nodes.value(tree, "GeometryNodeObjectInfo", "Location", camera, transform_space="RELATIVE")
    transform, lean = _card(tree, eye, frame)
    direction = (nodes.value(tree, "GeometryNodeInputPosition") - eye).normalized()
    (color,) = nodes.call(view_color.view_color_group(), direction, nodes.value(tree, "NodeGroupInput", TRAINED))
    colored = _store(tree, tree.nodes.new("NodeGroupInput"), COLOR, color, "FLOAT_COLOR")
    placed = nodes.add(tree, "GeometryNodeInstanceOnPoints", _store(tree, colored, LEAN, lean, "FLOAT"))
    nodes.connect(tree, _shape(tree), placed.inputs["Instance"])
    turned = nodes.add(tree, "GeometryNodeSetInstanceTransform", placed)
    nodes.connect(tree, transform, turned.inputs["Transform"])
    nodes.add(tree, "NodeGroupOutput", turned)
    return tree


def _store(tree: bpy.types.NodeTree, geometry: bpy.types.Node, name: str, value: Value, kind: str) -> bpy.types.Node:
    """The points with one more attribute."""
    stored = nodes.add(tree, "GeometryNodeStoreNamedAttribute", geometry, data_type=kind)
    untyped(stored.inputs["Name"]).default_value = name
    nodes.connect(tree, value, next(socket for socket in stored.inputs if socket.name == "Value" and socket.enabled))
    return stored


def _shape(tree: bpy.types.NodeTree) -> bpy.types.Node:
    """What stands for a splat, one unit in radius, with the material."""
    square = nodes.add(tree, "GeometryNodeMeshGrid", 2.0, 2.0, 2, 2)
    ball = nodes.add(tree, "GeometryNodeMeshIcoSphere", 1.0, 2)
    in_viewport = tree.nodes.new("GeometryNodeIsViewport")
    shape = nodes.add(tree, "GeometryNodeSwitch", in_viewport, square, ball, input_type="GEOMETRY")
    soft = nodes.add(tree, "GeometryNodeSetMaterial", shape)
    untyped(soft.inputs["Material"]).default_value = own(bpy.data.materials, NAME) or _material()
    return soft


def _card(tree: bpy.types.NodeTree, eye: Value, frame: Value) -> tuple[bpy.types.Node, Value]:
    """From the shape's coordinates to the object's, and how much longer than wide the shape is in those of the unit ball.

    What makes a unit ball the splat, after turning the shape so that it comes to lie parallel to the camera's picture, and
    making it as long as the ball's shadow on it. Cards of thin splats are held from becoming too long (`LEAST_SLANT`), and come
    near to the splats' own plane.
    """
    place, rotation = nodes.value(tree, "GeometryNodeInputPosition"), attribute(tree, "rotation", "QUATERNION")
    splat = nodes.add(tree, "FunctionNodeCombineTransform", place, rotation, attribute(tree, "scale") * EXTENT)
    to_ball = nodes.add(tree, "FunctionNodeInvertMatrix", splat)
    ray = nodes.value(tree, "FunctionNodeTransformPoint", 0, eye, to_ball).normalized()
    right, up = (
        _direction(tree, _direction(tree, axis, frame), to_ball).normalized() for axis in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
    )
    normal = right.cross(up).normalized()
    normal = (normal * normal.dot(ray).sign() + ray * LEAST_SLANT).normalized()
    lean = nodes.value(tree, "ShaderNodeMath", 0, 1.0, normal.dot(ray), operation="DIVIDE")
    upright = nodes.add(tree, "FunctionNodeAlignRotationToVector", axis="Z")
    nodes.connect(tree, normal, upright.inputs["Vector"])
    turned = nodes.add(tree, "FunctionNodeAlignRotationToVector", upright, axis="X", pivot_axis="Z")
    nodes.connect(tree, ray, turned.inputs["Vector"])
    turn = nodes.add(tree, "FunctionNodeCombineTransform")
    nodes.connect(tree, turned, turn.inputs["Rotation"])
    nodes.connect(tree, nodes.combine(lean, 1.0, 1.0), turn.inputs["Scale"])
    return nodes.add(tree, "FunctionNodeMatrixMultiply", splat, turn), lean


def _direction(tree: bpy.types.NodeTree, vector: Value | tuple[float, float, float], matrix: Value | bpy.types.Node) -> Value:
    return nodes.value(tree, "FunctionNodeTransformDirection", 0, vector, matrix)


def _material() -> bpy.types.Material:
    material = bpy.data.materials.new(NAME)
    if hasattr(material, "cycles"):
        untyped(material.cycles).emission_sampling = "NONE"  # otherwise every splat becomes a lamp
    tree = nodes.tree_of(material)
    tree.nodes.clear()
    color = nodes.value(tree, "ShaderNodeAttribute", "Color", attribute_type="INSTANCER", attribute_name=COLOR)
    clear, glow = nodes.add(tree, "ShaderNodeBsdfTransparent"), nodes.add(tree, "ShaderNodeEmission", color)
    nodes.add(tree, "ShaderNodeOutputMaterial", nodes.add(tree, "ShaderNodeMixShader", _alpha(tree), clear, glow))
    return material


def _alpha(tree: bpy.types.NodeTree) -> Value:
    """opacity · exp(−½ r²), r the distance in standard deviations at which the ray passes the center; front faces only.

    In the shape's own coordinates a unit is `EXTENT` standard deviations.
    """
    opacity = nodes.value(tree, "ShaderNodeAttribute", "Alpha", attribute_type="INSTANCER", attribute_name=BASE)
    lean = nodes.value(tree, "ShaderNodeAttribute", 2, attribute_type="INSTANCER", attribute_name=LEAN)
    stretch = nodes.combine(lean, 1.0, 1.0)
    point = _to_object(tree, nodes.value(tree, "ShaderNodeNewGeometry", "Position"), "POINT") * stretch
    ray = (_to_object(tree, nodes.value(tree, "ShaderNodeNewGeometry", "Incoming"), "VECTOR") * stretch).normalized()
    beside = point.cross(ray)  # no difference of squares: on long cards both would be large
    squared = beside.dot(beside)
    front = nodes.value(tree, "ShaderNodeNewGeometry", "Backfacing") * -1.0 + 1.0
    return (squared * (-0.5 * EXTENT**2)).exp() * opacity * front


def _to_object(tree: bpy.types.NodeTree, vector: Value, kind: str) -> Value:
    settings = {"vector_type": kind, "convert_from": "WORLD", "convert_to": "OBJECT"}
    return nodes.value(tree, "ShaderNodeVectorTransform", 0, vector, **settings)
