# SPDX-License-Identifier: GPL-3.0-or-later
"""Suzanne on a table, with procedural textures, photographed from all around."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
from mathutils import Vector

from operators.narrowing import untyped
from operators.scene import nodes
from operators.scene.cameras import camera_of, look_through, pictures, transforms_json

context: Any = bpy.context  # untyped: fake-bpy-module does not know which attributes exist in which area

VIEWS = 24
SIZE = (256, 256)  # pixels
LENS = 50.0  # millimeters, on a 36 mm sensor
AIM = Vector((0.0, 0.0, 0.4))  # the target of all cameras
DISTANCE = 4.2
SAMPLES = 16


def photograph(folder: Path, views: int = VIEWS, size: tuple[int, int] = SIZE, samples: int = SAMPLES) -> None:
    """Build the scene and write a photo set as the panel would send it: images/00.png … and transforms.json."""
    _furnish()
    cameras = [_camera(f"{index:02d}", index / views, 2.2 * index) for index in range(views)]
    render_settings(context.scene, samples)
    for camera in cameras:
        path = folder / "images" / f"{camera.name}.png"
        render(camera, size, path)
        camera_of(camera).background_images.new().image = bpy.data.images.load(str(path))
    (folder / "transforms.json").write_bytes(transforms_json(pictures(cameras).frames))


def render_settings(scene: Any, samples: int) -> None:
    """Set Cycles to few samples with a denoiser, and the view transform to leave colors unchanged."""
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising = samples, True
    scene.cycles.max_bounces = 3
    scene.view_settings.view_transform = "Standard"
    scene.render.use_persistent_data = True


def set_sky(color: tuple[float, float, float]) -> None:
    """Set an even light from all directions, in linear light."""
    world = context.scene.world = bpy.data.worlds.new("sky")
    background = next(node for node in nodes.tree_of(world).nodes if node.type == "BACKGROUND")
    untyped(background.inputs["Color"]).default_value = (*color, 1.0)


def render(camera: bpy.types.Object, size: tuple[int, int], path: Path) -> None:
    """Render the view of a camera to a PNG file."""
    look_through(context.scene, camera, size)
    bpy.ops.render.render()
    path.parent.mkdir(parents=True, exist_ok=True)
    bpy.data.images["Render Result"].save_render(str(path))


def _furnish() -> None:
    """Add the floor, the table, Suzanne, a lamp and a sky."""
    bpy.ops.mesh.primitive_plane_add(size=40, location=(0, 0, -0.7))
    _paint(_carpet)
    bpy.ops.mesh.primitive_cylinder_add(radius=1.5, depth=0.12, location=(0, 0, -0.06), vertices=64)
    _paint(_wood)
    bpy.ops.mesh.primitive_cylinder_add(radius=0.18, depth=0.6, location=(0, 0, -0.4))
    _paint(_wood)
    bpy.ops.mesh.primitive_monkey_add(size=1.7, location=(0, 0, 0.62), rotation=(math.radians(-32), 0, 0))
    bpy.ops.object.modifier_add(type="SUBSURF")
    bpy.ops.object.shade_smooth()
    _paint(_spots)
    bpy.ops.object.light_add(type="SUN", rotation=(0.6, 0.3, 0))
    context.object.data.energy, context.object.data.angle = 2.2, 0.3
    set_sky((0.5, 0.56, 0.65))


def _camera(name: str, turn: float, sway: float) -> bpy.types.Object:
    """Add a camera on the path around Suzanne, which starts at her face and moves up and down."""
    azimuth, rise = 2 * math.pi * (turn - 0.25), math.radians(45 + 9 * math.sin(sway))
    direction = Vector((math.cos(azimuth) * math.cos(rise), math.sin(azimuth) * math.cos(rise), math.sin(rise)))
    camera = bpy.data.objects.new(name, bpy.data.cameras.new(name))
    camera_of(camera).lens = LENS
    camera.location = AIM + DISTANCE * direction
    camera.rotation_euler = direction.to_track_quat("Z", "Y").to_euler()
    context.collection.objects.link(camera)
    return camera


def _paint(pattern: Callable[[bpy.types.NodeTree], nodes.Value]) -> None:
    """Give the active object a matte material with a pattern."""
    material = bpy.data.materials.new(pattern.__name__.strip("_"))
    tree = nodes.tree_of(material)
    surface = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    untyped(surface.inputs["Roughness"]).default_value = 0.8
    nodes.connect(tree, pattern(tree), surface.inputs["Base Color"])
    context.object.data.materials.append(material)


def _carpet(tree: bpy.types.NodeTree) -> nodes.Value:
    """Soft blotches in blue and sand."""
    place = nodes.value(tree, "ShaderNodeTexCoord", "Object")
    return _ramp(tree, _noise(tree, place, 1.2), (0.05, 0.1, 0.2, 1), (0.55, 0.5, 0.42, 1))


def _wood(tree: bpy.types.NodeTree) -> nodes.Value:
    """Rings, distorted by noise."""
    rings = nodes.add(tree, "ShaderNodeTexWave", nodes.value(tree, "ShaderNodeTexCoord", "Object"), bands_direction="X")
    for name, amount in (("Scale", 2.2), ("Distortion", 7.0), ("Detail", 4.0), ("Detail Scale", 2.0)):
        rings.inputs[name].default_value = amount
    return _ramp(tree, nodes.Value(tree, rings.outputs["Fac"]), (0.16, 0.06, 0.02, 1), (0.75, 0.42, 0.18, 1))


def _spots(tree: bpy.types.NodeTree) -> nodes.Value:
    """Cells of many colors with fine noise."""
    place = nodes.value(tree, "ShaderNodeTexCoord", "Object")
    cells = nodes.add(tree, "ShaderNodeTexVoronoi", place)
    cells.inputs["Scale"].default_value = 5.0
    return nodes.Value(tree, cells.outputs["Color"]) * 0.6 + _noise(tree, place, 24.0) * 0.2


def _noise(tree: bpy.types.NodeTree, place: nodes.Value, scale: float) -> nodes.Value:
    noise = nodes.add(tree, "ShaderNodeTexNoise", place)
    noise.inputs["Scale"].default_value = scale
    return nodes.Value(tree, noise.outputs[0])


def _ramp(tree: bpy.types.NodeTree, amount: nodes.Value, low: tuple[float, ...], high: tuple[float, ...]) -> nodes.Value:
    """A mix of two colors by a factor, with increased contrast."""
    ramp = nodes.add(tree, "ShaderNodeValToRGB", amount)
    for element, position, color in zip(ramp.color_ramp.elements, (0.3, 0.7), (low, high), strict=True):
        element.position, element.color = position, color
    return nodes.Value(tree, ramp.outputs["Color"])
