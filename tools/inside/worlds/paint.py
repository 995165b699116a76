# SPDX-License-Identifier: GPL-3.0-or-later
"""Photographs and materials: Blender's own panoramas, cut into pictures, and the free photographs that come with scikit-image."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from operators.narrowing import untyped
from operators.scene import nodes
from operators.scene.nodes import Value
from tttlrm_blender.train.photographs import photo_files

context: Any = bpy.context  # untyped: fake-bpy-module does not know which attributes exist in which area

CUTS, SIDE = 8, 256  # pictures around each panorama, and their size in pixels
HORIZON = 256  # row of the horizon in panoramas of 1024 × 512


def panoramas() -> list[Path]:
    """The panoramas that come with Blender, all from Poly Haven and CC0, as its license.txt says."""
    return sorted(Path(untyped(bpy.utils).system_resource("DATAFILES"), "studiolights", "world").glob("*.exr"))


@cache
def pictures() -> list[np.ndarray]:
    """Photographs [SIDE, SIDE, 3] sRGB, 0 to 1, the last row of the picture first, as Blender wants them."""
    cuts = [cut for path in panoramas() for cut in _cuts(stored_pixels(path))]
    return cuts + [_square(stored_pixels(path)) for path in photo_files()]


def stored_pixels(path: Path) -> np.ndarray:
    """The colors [H, W, 3] of an image file as they are stored, the last row first."""
    image = bpy.data.images.load(str(path))
    values = np.empty((image.size[1], image.size[0], 4), np.float32)
    untyped(image.pixels).foreach_get(values.ravel())
    bpy.data.images.remove(image)
    return values[..., :3]


def _cuts(linear: np.ndarray) -> list[np.ndarray]:
    """Pictures around the horizon of a panorama, exposed one by one."""
    step, low = linear.shape[1] // CUTS, HORIZON - SIDE // 2
    rows = [np.roll(linear, -step * cut, 1)[low : low + SIDE, :SIDE] for cut in range(CUTS)]
    exposed = [row * 0.25 / max(float(np.median(row)), 1e-3) for row in rows]
    return [(row / (row + 0.6) * 1.4).clip(0, 1) ** (1 / 2.2) for row in exposed]


def _square(values: np.ndarray) -> np.ndarray:
    """About SIDE × SIDE pixels from the middle, by leaving out pixels."""
    every = max(1, min(values.shape[:2]) // SIDE)
    small = values[::every, ::every]
    top, left = ((length - min(SIDE, *small.shape[:2])) // 2 for length in small.shape[:2])
    return small[top : top + SIDE, left : left + SIDE]


def _image(number: int) -> bpy.types.Image:
    """A picture as an image of the present file."""
    name = f"picture {number}"
    found = bpy.data.images.get(name)
    if found:
        return found
    values = pictures()[number]
    image = bpy.data.images.new(name, values.shape[1], values.shape[0])
    opaque = np.pad(values, ((0, 0), (0, 0), (0, 1)), constant_values=1).astype(np.float32)
    untyped(image.pixels).foreach_set(opaque.ravel())
    image.pack()
    return image


def light(chance: random.Random) -> None:
    """Surround the scene by a panorama, turned at random."""
    world = context.scene.world = bpy.data.worlds.new("light")
    tree = nodes.tree_of(world)
    around: Any = nodes.add(tree, "ShaderNodeTexEnvironment", _turned(tree, chance))
    around.image = bpy.data.images.load(str(chance.choice(panoramas())))
    background = next(node for node in tree.nodes if node.type == "BACKGROUND")
    nodes.connect(tree, Value(tree, around.outputs[0]), background.inputs["Color"])


def _turned(tree: bpy.types.NodeTree, chance: random.Random) -> Value:
    turned: Any = nodes.add(tree, "ShaderNodeMapping", nodes.value(tree, "ShaderNodeTexCoord", "Generated"))
    turned.inputs["Rotation"].default_value = (0, 0, chance.uniform(0, 6.3))
    return Value(tree, turned.outputs[0])


def material(chance: random.Random, grain: float = 1.0) -> bpy.types.Material:
    """A random material, mostly with a photograph on it; `grain` is the size of its pattern in world units."""
    made = bpy.data.materials.new("surface")
    tree = nodes.tree_of(made)
    surface: Any = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    surface.inputs["Roughness"].default_value = chance.uniform(0.25, 1.0)
    surface.inputs["Specular IOR Level"].default_value = chance.uniform(0.0, 0.7)
    surface.inputs["Metallic"].default_value = chance.choice((0.0,) * 11 + (0.8,))
    place = nodes.value(tree, "ShaderNodeTexCoord", "Object")
    pattern = chance.choices(list(PATTERNS), list(PATTERNS.values()))[0]
    nodes.connect(tree, pattern(tree, chance, place, grain), surface.inputs["Base Color"])
    if chance.random() < 0.3:
        _bump(tree, chance, place, grain, surface)
    return made


def _bump(tree: bpy.types.NodeTree, chance: random.Random, place: Value, grain: float, surface: Any) -> None:
    bump: Any = nodes.add(tree, "ShaderNodeBump")
    bump.inputs["Strength"].default_value = chance.uniform(0.1, 0.5)
    bump.inputs["Distance"].default_value = 0.1 * grain
    nodes.connect(tree, _noise(tree, place, chance.uniform(4, 30) / grain), bump.inputs["Height"])
    nodes.connect(tree, Value(tree, bump.outputs[0]), surface.inputs["Normal"])


def _photo(tree: bpy.types.NodeTree, chance: random.Random, place: Value, grain: float) -> Value:
    """A photograph, projected from six sides."""
    scaled: Any = nodes.add(tree, "ShaderNodeMapping", place)
    scaled.inputs["Scale"].default_value = (chance.uniform(0.4, 1.2) / grain,) * 3
    scaled.inputs["Location"].default_value = [chance.random() for _ in range(3)]
    scaled.inputs["Rotation"].default_value = (0, 0, chance.choice((0.0, 1.57, chance.uniform(0, 6.3))))
    texture: Any = nodes.add(tree, "ShaderNodeTexImage", Value(tree, scaled.outputs[0]))
    texture.image, texture.projection, texture.extension = _image(chance.randrange(len(pictures()))), "BOX", "MIRROR"
    seen = Value(tree, texture.outputs["Color"])
    if chance.random() < 0.5:
        return seen
    hue: Any = nodes.add(tree, "ShaderNodeHueSaturation")
    for name, value in (("Hue", chance.random()), ("Saturation", chance.uniform(0, 1.3)), ("Value", chance.uniform(0.5, 1.4))):
        hue.inputs[name].default_value = value
    nodes.connect(tree, seen, hue.inputs["Color"])
    return Value(tree, hue.outputs[0])


def _cloudy(tree: bpy.types.NodeTree, chance: random.Random, place: Value, grain: float) -> Value:
    return _ramp(tree, chance, _noise(tree, place, chance.uniform(1.5, 12) / grain))


def _cells(tree: bpy.types.NodeTree, chance: random.Random, place: Value, grain: float) -> Value:
    cells: Any = nodes.add(tree, "ShaderNodeTexVoronoi", place)
    cells.inputs["Scale"].default_value = chance.uniform(2, 12) / grain
    cells.feature = chance.choice(("F1", "SMOOTH_F1", "DISTANCE_TO_EDGE"))
    return _ramp(tree, chance, Value(tree, cells.outputs["Distance"]))


def _rings(tree: bpy.types.NodeTree, chance: random.Random, place: Value, grain: float) -> Value:
    rings: Any = nodes.add(tree, "ShaderNodeTexWave", place, bands_direction=chance.choice("XYZ"))
    for name, value in (("Scale", chance.uniform(0.8, 4) / grain), ("Distortion", chance.uniform(0, 9)), ("Detail", 4.0)):
        rings.inputs[name].default_value = value
    return _ramp(tree, chance, Value(tree, rings.outputs["Fac"]))


def _bricks(tree: bpy.types.NodeTree, chance: random.Random, place: Value, grain: float) -> Value:
    turned: Any = nodes.add(tree, "ShaderNodeMapping", place)
    turned.inputs["Rotation"].default_value = (chance.choice((0.0, 1.57)), 0, 0)
    bricks: Any = nodes.add(tree, "ShaderNodeTexBrick", Value(tree, turned.outputs[0]))
    bricks.inputs["Scale"].default_value = chance.uniform(2, 7) / grain
    for name in ("Color1", "Color2", "Mortar"):
        bricks.inputs[name].default_value = _color(chance)
    return Value(tree, bricks.outputs["Color"])


def _plain(tree: bpy.types.NodeTree, chance: random.Random, place: Value, grain: float) -> Value:
    flat: Any = nodes.add(tree, "ShaderNodeRGB")
    flat.outputs[0].default_value = _color(chance)
    return Value(tree, flat.outputs[0])


def _noise(tree: bpy.types.NodeTree, place: Value, scale: float) -> Value:
    noise: Any = nodes.add(tree, "ShaderNodeTexNoise", place)
    noise.inputs["Scale"].default_value, noise.inputs["Detail"].default_value = scale, 6.0
    return Value(tree, noise.outputs[0])


def _ramp(tree: bpy.types.NodeTree, chance: random.Random, amount: Value) -> Value:
    """A mix of two colors by a factor, with increased contrast."""
    ramp: Any = nodes.add(tree, "ShaderNodeValToRGB", amount)
    for element, position in zip(ramp.color_ramp.elements, (0.3, 0.7), strict=True):
        element.position, element.color = position, _color(chance)
    return Value(tree, ramp.outputs["Color"])


def _color(chance: random.Random) -> tuple[float, float, float, float]:
    """A color in linear light, seldom saturated."""
    grey, vivid = chance.uniform(0.03, 0.75), chance.random() ** 2
    red, green, blue = (grey * (1 - vivid) + vivid * grey * chance.uniform(0, 2.2) for _ in range(3))
    return min(red, 0.9), min(green, 0.9), min(blue, 0.9), 1.0


Pattern = Callable[[bpy.types.NodeTree, random.Random, Value, float], Value]
PATTERNS: dict[Pattern, float] = {_photo: 0.5, _cloudy: 0.12, _cells: 0.08, _rings: 0.1, _bricks: 0.08, _plain: 0.12}
