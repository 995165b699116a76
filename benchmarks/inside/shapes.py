# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes with procedural patterns, from which scenes are built in Blender."""

from __future__ import annotations

import math
from typing import Any

import bpy
from mathutils import Vector

from operators.scene import nodes

context: Any = bpy.context

Color = tuple[float, float, float]  # linear light, 0 to 1
Point = tuple[float, float, float]


def paint(low: Color, high: Color, scale: float = 6.0, pattern: str = "Noise") -> bpy.types.Material:
    """A matte material that mixes two colors: by noise, or by Voronoi cells or bricks with noise on top.

    The pattern lies in the world, so that it has the same grain on large and small things.
    """
    material = bpy.data.materials.new(pattern)
    tree = nodes.tree_of(material)
    surface = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    surface.inputs["Roughness"].default_value, surface.inputs["Specular IOR Level"].default_value = 1.0, 0.0
    nodes.connect(tree, _mixed(tree, low, high, scale, pattern), surface.inputs["Base Color"])
    return material


def _mixed(tree: bpy.types.NodeTree, low: Color, high: Color, scale: float, pattern: str) -> nodes.Value:
    place = nodes.value(tree, "ShaderNodeNewGeometry", "Position")
    amount = _texture(tree, "Noise", place, scale)
    if pattern == "Voronoi":
        amount = _texture(tree, pattern, place, scale) * 0.7 + amount * 0.4
    if pattern == "Brick":
        turned = nodes.add(tree, "ShaderNodeMapping", place)  # bricks lie in the plane of x and y
        turned.inputs["Rotation"].default_value = (math.radians(-90), 0, 0)
        amount = _texture(tree, pattern, nodes.Value(tree, turned.outputs[0]), scale) * 0.6 + amount * 0.4
    ramp = nodes.add(tree, "ShaderNodeValToRGB", amount)
    for element, position, color in zip(ramp.color_ramp.elements, (0.3, 0.7), (low, high), strict=True):
        element.position, element.color = position, (*color, 1.0)
    return nodes.Value(tree, ramp.outputs["Color"])


def _texture(tree: bpy.types.NodeTree, pattern: str, place: nodes.Value, scale: float) -> nodes.Value:
    texture = nodes.add(tree, f"ShaderNodeTex{pattern}", place)
    texture.inputs["Scale"].default_value = scale
    if pattern == "Noise":
        texture.inputs["Detail"].default_value = 6.0
    return nodes.Value(tree, texture.outputs["Color" if pattern == "Voronoi" else "Fac"])


def box(center: Point, size: Point, material: bpy.types.Material, turn: float = 0.0) -> None:
    """Add a box of a size, turned around its vertical axis by an angle in degrees."""
    bpy.ops.mesh.primitive_cube_add(size=1, location=center, rotation=(0, 0, math.radians(turn)))
    context.object.scale = size
    context.object.data.materials.append(material)


def rod(start: Point, end: Point, radius: float, material: bpy.types.Material) -> None:
    """Add a cylinder between two points."""
    along = Vector(end) - Vector(start)
    turn = along.to_track_quat("Z", "Y").to_euler()
    middle = (Vector(start) + Vector(end)) / 2
    bpy.ops.mesh.primitive_cylinder_add(radius=radius, depth=along.length, location=middle, rotation=turn, vertices=24)
    context.object.data.materials.append(material)


def plane(size: float, height: float, material: bpy.types.Material) -> None:
    """Add a square of ground."""
    bpy.ops.mesh.primitive_plane_add(size=size, location=(0, 0, height))
    context.object.data.materials.append(material)


def ball(center: Point, radius: float, material: bpy.types.Material) -> None:
    """Add a smooth ball."""
    bpy.ops.mesh.primitive_uv_sphere_add(radius=radius, location=center)
    bpy.ops.object.shade_smooth()
    context.object.data.materials.append(material)


def monkey(center: Point, size: float, material: bpy.types.Material) -> None:
    """Add Suzanne."""
    bpy.ops.mesh.primitive_monkey_add(size=size, location=center, rotation=(math.radians(-32), 0, 0))
    bpy.ops.object.modifier_add(type="SUBSURF")
    bpy.ops.object.shade_smooth()
    context.object.data.materials.append(material)


def leaf(root: Point, azimuth: float, rise: float, length: float, material: bpy.types.Material) -> None:
    """Add a bent, pointed leaf from its root, by its direction in degrees."""
    out = Vector((math.cos(math.radians(azimuth)), math.sin(math.radians(azimuth)), 0))
    across, vertices, steps = Vector((-out.y, out.x, 0)), [], 6
    for step in range(steps + 1):
        share = step / steps
        angle = math.radians(rise - 70 * share)
        place = Vector(root) + length * share * (out * math.cos(angle) + Vector((0, 0, math.sin(angle))))
        half = across * (0.14 * length * math.sin(math.pi * min(0.08 + share * 0.92, 1.0)))
        vertices += [place - half, place + half]
    faces = [(2 * step, 2 * step + 1, 2 * step + 3, 2 * step + 2) for step in range(steps)]
    mesh = bpy.data.meshes.new("leaf")
    mesh.from_pydata(vertices, [], faces)
    mesh.materials.append(material)
    context.collection.objects.link(bpy.data.objects.new("leaf", mesh))


def turned(profile: list[tuple[float, float]], center: Point, material: bpy.types.Material) -> None:
    """Add a body of revolution around the vertical axis through a point, smooth, by radius and height along its profile."""
    steps, rings = 96, len(profile)
    angles = [2 * math.pi * step / steps for step in range(steps)]
    vertices = [
        (center[0] + radius * math.cos(angle), center[1] + radius * math.sin(angle), center[2] + height)
        for angle in angles
        for radius, height in profile
    ]
    faces = [
        (a * rings + ring, b * rings + ring, b * rings + ring + 1, a * rings + ring + 1)
        for a, b in ((step, (step + 1) % steps) for step in range(steps))
        for ring in range(rings - 1)
    ]
    mesh = bpy.data.meshes.new("turned")
    mesh.from_pydata(vertices, [], faces)
    mesh.shade_smooth()
    mesh.materials.append(material)
    context.collection.objects.link(bpy.data.objects.new("turned", mesh))


def sun(rise: float, energy: float) -> None:
    """Add a soft sun, tilted from the zenith by an angle in degrees."""
    bpy.ops.object.light_add(type="SUN", rotation=(math.radians(rise), math.radians(20), 0))
    context.object.data.energy, context.object.data.angle = energy, 0.3


def lamp(place: Point, size: float, energy: float) -> None:
    """Add a square lamp that shines down."""
    bpy.ops.object.light_add(type="AREA", location=place)
    context.object.data.size, context.object.data.energy = size, energy


def sky(low: Color, high: Color) -> None:
    """Light from all directions with clouds between two colors."""
    world = context.scene.world = bpy.data.worlds.new("sky")
    tree = nodes.tree_of(world)
    background = next(node for node in tree.nodes if node.type == "BACKGROUND")
    noise = nodes.add(tree, "ShaderNodeTexNoise", nodes.value(tree, "ShaderNodeTexCoord", "Generated"))
    noise.inputs["Scale"].default_value = 3.0
    ramp = nodes.add(tree, "ShaderNodeValToRGB", nodes.Value(tree, noise.outputs[0]))
    for element, position, color in zip(ramp.color_ramp.elements, (0.4, 0.6), (low, high), strict=True):
        element.position, element.color = position, (*color, 1.0)
    nodes.connect(tree, nodes.Value(tree, ramp.outputs["Color"]), background.inputs["Color"])
