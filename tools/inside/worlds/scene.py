# SPDX-License-Identifier: GPL-3.0-or-later
"""Random scenes: things in a unit ball about the origin, on tables or on the ground, in rooms or outdoors."""

from __future__ import annotations

import math
import random
from typing import Any

import bpy
import numpy as np
from mathutils import Vector

from .paint import light, material
from .things import from_faces, leaves, thing

context: Any = bpy.context  # untyped: fake-bpy-module does not know which attributes exist in which area

MOST = 10  # things
NEAR = 3.2  # no camera is as far from the origin, so surroundings begin here


def build(chance: random.Random, indoors: bool, clearance: float) -> None:
    """Fill an empty file with a scene whose things leave `clearance` around the origin free for cameras."""
    light(chance)
    floor = -chance.uniform(0.12, 0.45)
    ground = floor
    if chance.random() < 0.3:
        ground -= chance.uniform(0.15, 0.5)
        _table(chance, floor)
    for index in range(chance.randint(2, MOST)):
        _put(chance, index, floor, clearance)
    if indoors or chance.random() < 0.45:
        _room(chance, ground)
    else:
        _outdoors(chance, ground)
    if chance.random() < 0.4:
        bpy.ops.object.light_add(type="SUN", rotation=(chance.uniform(0.1, 1.1), chance.uniform(-0.8, 0.8), 0))
        context.object.data.energy, context.object.data.angle = chance.uniform(1, 5), chance.uniform(0.02, 0.3)


def _put(chance: random.Random, index: int, floor: float, clearance: float) -> None:
    """Put a thing on the floor, or above it, the first ones near the origin."""
    made, angle = thing(chance), chance.uniform(0, 2 * math.pi)
    away = 0.55 * math.sqrt(chance.random()) * (0.3 + 0.8 * index / MOST)
    size = min(chance.uniform(0.14, 0.42) * (1.4 if index == 0 else 1.0), 0.7 * (clearance - away))
    upright = chance.random() < 0.7
    made.rotation_euler = (0, 0, chance.uniform(0, 6.3)) if upright else [chance.uniform(0, 6.3) for _ in range(3)]
    made.scale = [size * chance.uniform(0.75, 1.25) for _ in range(3)] if upright else [size] * 3
    context.view_layer.update()
    made.location = (away * math.cos(angle), away * math.sin(angle), floor - _lowest(made))
    if chance.random() < 0.15:
        made.location.z += chance.uniform(0, 0.3)


def _lowest(made: bpy.types.Object) -> float:
    """The height of the lowest corner of a thing's parts."""
    corners = (part.matrix_world @ Vector(corner) for part in made.children for corner in part.bound_box)
    return min(corner.z for corner in corners)


def _table(chance: random.Random, floor: float) -> None:
    if chance.random() < 0.5:
        bpy.ops.mesh.primitive_cylinder_add(radius=chance.uniform(0.65, 0.95), depth=0.06, vertices=48)
    else:
        bpy.ops.mesh.primitive_cube_add(size=1)
        context.object.scale = (chance.uniform(1.2, 1.8), chance.uniform(1.2, 1.8), 0.06)
        bpy.ops.object.transform_apply(location=False, rotation=False, scale=True)
    context.object.location.z = floor - 0.03
    context.object.rotation_euler.z = chance.uniform(0, 6.3)
    context.object.data.materials.append(material(chance, chance.uniform(0.5, 2.0)))


def _plane(chance: random.Random, half: float, height: float, bumps: float, grain: float) -> Any:
    """A square of ground with hills beyond the cameras."""
    noise, side = np.random.default_rng(chance.getrandbits(32)), 64
    x, y = np.meshgrid(*[np.linspace(-half, half, side)] * 2)
    waves = [(noise.normal(size=2) * k, noise.uniform(0, 6.3)) for k in (0.5, 1.1, 2.3)]
    rough = sum(np.sin(turn[0] * x + turn[1] * y + phase) for turn, phase in waves)
    far = (np.hypot(x, y) / NEAR - 0.6).clip(0.05, 1)
    vertices = np.stack([x, y, height + bumps * far * (rough - 3 * (far < 0.1))], -1).reshape(-1, 3)
    corner = (np.arange(side - 1)[:, None] * side + np.arange(side - 1)).ravel()[:, None]
    made = from_faces(vertices, corner + np.array([0, 1, side + 1, side]), material(chance, grain))
    made.data.shade_smooth()
    return made


def _room(chance: random.Random, ground: float) -> None:
    """Walls without a ceiling, through which light falls, pictures on them, and furniture before them."""
    half = [chance.uniform(NEAR - 0.4, 4.5) for _ in range(2)]
    height, turn = chance.uniform(2.0, 4.0), chance.uniform(0, 6.3)
    walls = bpy.data.objects.new("room", None)
    context.collection.objects.link(walls)
    walls.rotation_euler.z = turn
    floor = _plane(chance, max(half) + 0.5, ground, 0.0, chance.uniform(0.5, 2.0))
    paint = material(chance, chance.uniform(0.7, 3.0))
    for axis in (0, 1):
        for sign in (-1, 1):
            size, place = [2 * half[0], 2 * half[1], height], [0.0, 0.0, ground + height / 2]
            size[axis], place[axis] = 0.1, sign * (half[axis] + 0.05)
            _box(place, size, walls, paint if chance.random() < 0.6 else material(chance, chance.uniform(0.7, 3.0)))
            for _ in range(chance.randint(0, 4)):
                _hang(chance, axis, sign, half, ground, height, walls)
    floor.parent = walls
    for _ in range(chance.randint(2, 8)):
        axis, sign = chance.choice((0, 1)), chance.choice((-1, 1))
        size = [chance.uniform(0.3, 1.0), chance.uniform(0.3, 1.0), chance.uniform(0.3, 2.0)]
        place = [chance.uniform(-0.85, 0.85) * half[0], chance.uniform(-0.85, 0.85) * half[1], ground + size[2] / 2]
        place[axis] = sign * (half[axis] - size[axis] / 2)
        if math.hypot(place[0], place[1]) > NEAR - 0.2:
            _box(place, size, walls, material(chance, chance.uniform(0.3, 1.0)))


def _hang(
    chance: random.Random, axis: int, sign: int, half: list[float], ground: float, height: float, walls: bpy.types.Object
) -> None:
    """Hang a flat thing on a wall."""
    size, place = [chance.uniform(0.3, 1.4) for _ in range(3)], [0.0, 0.0, ground + chance.uniform(0.25, 0.75) * height]
    place[1 - axis] = chance.uniform(-0.8, 0.8) * half[1 - axis]
    size[axis], place[axis] = 0.06, sign * (half[axis] - 0.03)
    _box(place, size, walls, material(chance, chance.uniform(0.4, 1.4)))


def _box(place: list[float], size: list[float], parent: bpy.types.Object, paint: bpy.types.Material) -> None:
    bpy.ops.mesh.primitive_cube_add(size=1, location=place)
    made = context.object
    made.scale, made.parent = size, parent
    made.data.materials.append(paint)
    made.select_set(True)
    bpy.ops.object.transform_apply(location=False, rotation=False, scale=True)


def _outdoors(chance: random.Random, ground: float) -> None:
    """Ground, often with grass, and things in the distance: buildings, rocks, trees."""
    half = chance.choice((6.0, 12.0, 25.0))
    _plane(chance, half, ground, chance.uniform(0.0, 0.12), chance.uniform(0.4, 2.5))
    if chance.random() < 0.35:
        _grass(chance, ground)
    for _ in range(chance.randint(0, 14)):
        angle, away = chance.uniform(0, 2 * math.pi), NEAR + 1.2 + chance.random() ** 2 * 6
        size = chance.uniform(0.3, 1.3)
        made = thing(chance)
        made.scale = (size, size, size * chance.uniform(0.8, 2.5))
        made.rotation_euler.z = chance.uniform(0, 6.3)
        context.view_layer.update()
        made.location = (away * math.cos(angle), away * math.sin(angle), ground - _lowest(made) - 0.05)


def _grass(chance: random.Random, ground: float) -> None:
    """Blades and stems around the things, lower than the cameras."""
    count, noise = chance.randint(800, 4000), np.random.default_rng(chance.getrandbits(32))
    roots = np.concatenate([noise.uniform(-2.5, 2.5, (count, 2)), np.full((count, 1), ground)], 1)
    out = noise.normal(size=(count, 3)) * 0.4 + [0, 0, 1]
    leaves(
        chance, roots, out / np.linalg.norm(out, axis=1, keepdims=True), chance.uniform(0.05, 0.15), chance.uniform(0.06, 0.15)
    )
