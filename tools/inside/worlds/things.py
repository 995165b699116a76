# SPDX-License-Identifier: GPL-3.0-or-later
"""Things of about unit radius about the origin: Blender's primitives under modifiers, texts, vases, plants, lattices, piles."""

from __future__ import annotations

import math
import random
import string
from collections.abc import Callable
from typing import Any

import bpy
import numpy as np

from .paint import material

context: Any = bpy.context  # untyped: fake-bpy-module does not know which attributes exist in which area

Maker = Callable[[random.Random], list[bpy.types.Object]]


def thing(chance: random.Random) -> bpy.types.Object:
    """A random thing, as the parent of its parts: an empty at the origin."""
    parent = bpy.data.objects.new("thing", None)
    context.collection.objects.link(parent)
    for part in chance.choices(list(MAKERS), list(MAKERS.values()))[0](chance):
        part.parent = parent
    return parent


def from_faces(vertices: np.ndarray, faces: np.ndarray, paint: bpy.types.Material) -> Any:
    """An object of vertices [N, 3] and triangles or quads [F, 3 or 4]."""
    mesh = bpy.data.meshes.new("mesh")
    mesh.from_pydata(vertices.tolist(), [], faces.tolist())
    mesh.materials.append(paint)
    made = bpy.data.objects.new("mesh", mesh)
    context.collection.objects.link(made)
    return made


def _primitive(chance: random.Random) -> Any:
    """One of Blender's primitives; round ones are smooth."""
    ops = bpy.ops.mesh
    kind = chance.choice(("cube", "sphere", "ico", "cylinder", "cone", "torus", "monkey", "monkey"))
    if kind == "cube":
        ops.primitive_cube_add(size=1.2)
    elif kind == "sphere":
        ops.primitive_uv_sphere_add(radius=0.9, segments=32, ring_count=16)
    elif kind == "ico":
        ops.primitive_ico_sphere_add(radius=0.95, subdivisions=chance.choice((1, 2, 3)))
    elif kind == "cylinder":
        ops.primitive_cylinder_add(radius=0.6, depth=1.4, vertices=chance.choice((6, 8, 32)))
    elif kind == "cone":
        ops.primitive_cone_add(radius1=0.8, radius2=chance.choice((0.0, 0.4)), depth=1.5, vertices=chance.choice((4, 8, 32)))
    elif kind == "torus":
        ops.primitive_torus_add(major_radius=0.7, minor_radius=chance.uniform(0.12, 0.3))
    else:
        ops.primitive_monkey_add(size=1.5)
    made = context.object
    if kind in ("sphere", "torus", "monkey") or chance.random() < 0.3:
        bpy.ops.object.shade_smooth()
    return made


def _modified(chance: random.Random) -> list[bpy.types.Object]:
    """A primitive under up to three modifiers."""
    made = _primitive(chance)
    made.data.materials.append(material(chance, chance.uniform(0.6, 1.6)))
    for modify in chance.sample(MODIFIERS, chance.choice((0, 1, 1, 2, 2, 3))):
        modify(chance, made)
    return [made]


def _subdivided(chance: random.Random, made: Any) -> None:
    added: Any = made.modifiers.new("subdivided", "SUBSURF")
    added.levels = added.render_levels = 2


def _beveled(chance: random.Random, made: Any) -> None:
    added: Any = made.modifiers.new("beveled", "BEVEL")
    added.width, added.segments = chance.uniform(0.03, 0.15), 3


def _displaced(chance: random.Random, made: Any) -> None:
    """Denser, then moved along its normals by noise."""
    denser: Any = made.modifiers.new("denser", "SUBSURF")
    denser.subdivision_type, denser.levels, denser.render_levels = "SIMPLE", 3, 3
    noise: Any = bpy.data.textures.new("noise", chance.choice(("CLOUDS", "VORONOI", "STUCCI", "MUSGRAVE")))
    noise.noise_scale = chance.uniform(0.2, 0.8)
    added: Any = made.modifiers.new("displaced", "DISPLACE")
    added.texture, added.strength, added.texture_coords = noise, chance.uniform(0.05, 0.35), "LOCAL"


def _deformed(chance: random.Random, made: Any) -> None:
    denser: Any = made.modifiers.new("denser", "SUBSURF")
    denser.subdivision_type, denser.levels, denser.render_levels = "SIMPLE", 2, 2
    added: Any = made.modifiers.new("deformed", "SIMPLE_DEFORM")
    added.deform_method, added.deform_axis = chance.choice(("TWIST", "BEND", "TAPER", "STRETCH")), chance.choice("XYZ")
    added.factor = chance.uniform(-0.9, 0.9)


def _wireframe(chance: random.Random, made: Any) -> None:
    if len(made.data.polygons) < 200:
        added: Any = made.modifiers.new("wireframe", "WIREFRAME")
        added.thickness = chance.uniform(0.04, 0.12)


def _cut(chance: random.Random, made: Any) -> None:
    """Less a ball."""
    bpy.ops.mesh.primitive_ico_sphere_add(radius=chance.uniform(0.4, 0.7), subdivisions=3)
    knife = context.object
    knife.location = [chance.uniform(-0.8, 0.8) for _ in range(3)]
    knife.hide_render, knife.parent = True, made
    added: Any = made.modifiers.new("cut", "BOOLEAN")
    added.operation, added.object = "DIFFERENCE", knife


MODIFIERS = (_subdivided, _beveled, _displaced, _deformed, _wireframe, _cut)


def _text(chance: random.Random) -> list[bpy.types.Object]:
    """A few upright letters."""
    curve: Any = bpy.data.curves.new("text", "FONT")
    curve.body = "".join(chance.choices(string.ascii_letters + string.digits + "&?§", k=chance.randint(1, 4)))
    curve.align_x, curve.align_y, curve.size = "CENTER", "CENTER", 2.2 / len(curve.body) ** 0.6
    curve.extrude, curve.bevel_depth = chance.uniform(0.08, 0.3), 0.02
    curve.materials.append(material(chance))
    made = bpy.data.objects.new("text", curve)
    made.rotation_euler = (math.pi / 2, 0, 0)
    context.collection.objects.link(made)
    return [made]


def _vase(chance: random.Random) -> list[bpy.types.Object]:
    """A body of revolution with a wavy profile."""
    rings, around = 24, 48
    heights = np.linspace(-0.9, 0.9, rings)
    waves = sum(chance.uniform(-0.3, 0.3) * np.sin(k * heights + chance.uniform(0, 6)) for k in (1, 2, 4))
    radii = (0.5 + waves).clip(0.08, 0.9)
    angles = np.linspace(0, 2 * np.pi, around, endpoint=False)
    vertices = np.stack([np.outer(np.cos(angles), radii), np.outer(np.sin(angles), radii), np.tile(heights, (around, 1))], -1)
    a, ring = np.divmod(np.arange(around * (rings - 1)), rings - 1)
    b = (a + 1) % around
    faces = np.stack([a * rings + ring, b * rings + ring, b * rings + ring + 1, a * rings + ring + 1], -1)
    made = from_faces(vertices.reshape(-1, 3), faces, material(chance))
    made.data.shade_smooth()
    return [made]


def leaves(chance: random.Random, roots: np.ndarray, out: np.ndarray, length: float, width: float) -> bpy.types.Object:
    """Bent, pointed leaves from roots [N, 3] along unit vectors [N, 3]."""
    noise, steps = np.random.default_rng(chance.getrandbits(32)), 4
    side = np.cross(out, noise.normal(size=out.shape))
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    long = length * noise.uniform(0.6, 1.3, (len(roots), 1))
    bend = noise.uniform(0.1, 0.7, (len(roots), 1))
    rows = []
    for share in np.linspace(0, 1, steps + 1):
        place = roots + long * (share * out - bend * share**2 * np.array([0, 0, 0.8]))
        half = side * width * long * math.sin(math.pi * min(0.1 + 0.9 * share, 0.98))
        rows += [place - half, place + half]
    vertices = np.stack(rows, 1)
    first = 2 * (steps + 1) * np.arange(len(roots))[:, None, None]
    strip = np.array([(2 * step, 2 * step + 1, 2 * step + 3, 2 * step + 2) for step in range(steps)])
    return from_faces(vertices.reshape(-1, 3), (first + strip).reshape(-1, 4), material(chance))


def _plant(chance: random.Random) -> list[bpy.types.Object]:
    """Long leaves from a pot."""
    count, noise = chance.randint(12, 60), np.random.default_rng(chance.getrandbits(32))
    azimuth, rise = noise.uniform(0, 2 * np.pi, count), noise.uniform(0.3, 1.5, count)
    out = np.stack([np.cos(azimuth) * np.cos(rise), np.sin(azimuth) * np.cos(rise), np.sin(rise)], -1)
    foliage = leaves(chance, np.zeros((count, 3)) - [0, 0, 0.5], out, 1.1, chance.uniform(0.05, 0.15))
    bpy.ops.mesh.primitive_cone_add(radius1=0.3, radius2=0.42, depth=0.5, location=(0, 0, -0.72))
    context.object.data.materials.append(material(chance))
    return [foliage, context.object]


def _bush(chance: random.Random) -> list[bpy.types.Object]:
    """Many small leaves that fill some balls, on a stem."""
    count, noise = chance.randint(300, 1500), np.random.default_rng(chance.getrandbits(32))
    balls = noise.uniform(-0.5, 0.5, (chance.randint(1, 4), 3)) + np.array([0, 0, 0.2])
    out = noise.normal(size=(count, 3))
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    roots = balls[noise.integers(len(balls), size=count)] + out * 0.5 * noise.uniform(0.4, 1, (count, 1))
    bpy.ops.mesh.primitive_cylinder_add(radius=0.06, depth=1.0, location=(0, 0, -0.5), vertices=12)
    context.object.data.materials.append(material(chance))
    return [leaves(chance, roots, out, chance.uniform(0.1, 0.25), chance.uniform(0.15, 0.4)), context.object]


def _pile(chance: random.Random) -> list[bpy.types.Object]:
    """Boxes or books on top of each other."""
    made, height, flat = [], -0.9, chance.random() < 0.5
    while height < 0.7:
        tall = chance.uniform(0.08, 0.2) if flat else chance.uniform(0.3, 0.6)
        bpy.ops.mesh.primitive_cube_add(size=1, location=(chance.gauss(0, 0.04), chance.gauss(0, 0.04), height + tall / 2))
        box = context.object
        box.scale = (chance.uniform(0.5, 1.1), chance.uniform(0.5, 1.1), tall)
        box.rotation_euler = (0, 0, chance.gauss(0, 0.25))
        box.data.materials.append(material(chance))
        made.append(box)
        height += tall
    return made


def _lattice(chance: random.Random) -> list[bpy.types.Object]:
    """Two rows of thin rods across each other, such as a fence or a grille."""
    paint, made, upright = material(chance), [], chance.randint(4, 9)
    for turn, count in ((0.0, upright), (math.pi / 2, chance.randint(2, 5))):
        for place in np.linspace(-0.8, 0.8, count):
            bpy.ops.mesh.primitive_cylinder_add(radius=chance.uniform(0.025, 0.05), depth=1.8, vertices=8)
            rod = context.object
            rod.rotation_euler, rod.location = (0, turn, 0), (place, 0, 0) if turn == 0 else (0, 0.05, place)
            rod.data.materials.append(paint)
            made.append(rod)
    return made


def _chair(chance: random.Random) -> list[bpy.types.Object]:
    """A seat with legs and a back."""
    paint, made, thick = material(chance), [], chance.uniform(0.06, 0.14)
    legs = [((x, y, -0.5), (thick, thick, 0.9)) for x in (-0.42, 0.42) for y in (-0.42, 0.42)]
    back = [((x, 0.42, 0.4), (thick, thick, 0.9)) for x in np.linspace(-0.42, 0.42, chance.randint(2, 6))]
    for place, size in [*legs, *back, ((0, 0, -0.05), (1.0, 1.0, thick)), ((0, 0.42, 0.8), (1.0, thick, 0.2))]:
        bpy.ops.mesh.primitive_cube_add(size=1, location=place)
        context.object.scale = size
        context.object.data.materials.append(paint)
        made.append(context.object)
    return made


def _cable(chance: random.Random) -> list[bpy.types.Object]:
    """A tangled tube."""
    curve: Any = bpy.data.curves.new("cable", "CURVE")
    curve.dimensions, curve.bevel_depth, curve.bevel_resolution = "3D", chance.uniform(0.03, 0.12), 3
    line = curve.splines.new("NURBS")
    line.points.add(chance.randint(5, 12))
    for point in line.points:
        point.co = (*(chance.uniform(-0.9, 0.9) for _ in range(3)), 1.0)
    curve.materials.append(material(chance))
    made = bpy.data.objects.new("cable", curve)
    context.collection.objects.link(made)
    return [made]


MAKERS: dict[Maker, float] = {
    _modified: 0.42,
    _text: 0.08,
    _vase: 0.08,
    _plant: 0.08,
    _bush: 0.1,
    _pile: 0.1,
    _lattice: 0.04,
    _chair: 0.06,
    _cable: 0.04,
}
