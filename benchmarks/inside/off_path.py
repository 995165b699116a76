# SPDX-License-Identifier: GPL-3.0-or-later
"""Photograph four scenes with exact geometry, and views of them from where no photo was taken. Needs bpy.

python -m benchmarks.inside.off_path FOLDER [SCENE …]

Each scene becomes a folder with images/, transforms.json, test/, test_transforms.json and gt.ply. Beside each test view lie its
exact depth, NAME_depth.npy [H, W] float32, infinite for the sky, and NAME_mask.png, white where at least two photos see the same.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Vector
from mathutils.bvhtree import BVHTree

from benchmarks.inside.shapes import Point, ball, box, lamp, leaf, monkey, paint, plane, rod, sky, sun
from operators.scene.pictures import write_picture
from tools.inside.demo.suzanne import render, render_settings

context: Any = bpy.context

SIDE, SAMPLES = 256, 8  # pixels, rays per pixel
SENSOR = 36.0  # millimeters
PHOTOS = 32
COARSE = 2  # depths of photos have 1 / COARSE of their pixels
SAME, FAR = 0.02, 1e4  # relative tolerance of depths, and the distance of the sky in world units

Shot = tuple[Vector, Vector]  # a camera's position and its target


@dataclass(frozen=True)
class Kind:
    """A scene and its cameras."""

    build: Callable[[], None]
    photos: list[Shot]
    tests: list[Shot]
    lens: float = 45.0  # millimeters


def main() -> None:
    """Photograph the scenes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("scenes", nargs="*", default=list(KINDS), metavar="SCENE", help=", ".join(KINDS))
    options = parser.parse_args()
    for name in options.scenes:
        photograph(KINDS[name], options.folder / name)


def photograph(kind: Kind, folder: Path) -> None:
    """Build a scene and write its folder."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    kind.build()
    render_settings(context.scene, SAMPLES)
    folder.mkdir(parents=True, exist_ok=True)
    bpy.ops.wm.ply_export(filepath=str(folder / "gt.ply"), export_normals=False, export_uv=False, export_triangulated_mesh=True)
    photos = [camera(shot, kind.lens) for shot in kind.photos]
    tests = [camera(shot, kind.lens) for shot in kind.tests]
    context.view_layer.update()
    views = {"w": SIDE, "h": SIDE, "fl_x": kind.lens / SENSOR * SIDE, "fl_y": kind.lens / SENSOR * SIDE}
    write_views(folder / "transforms.json", views | {"frames": shoot(photos, folder, "images", SIDE)})
    masked = [frame | {"mask_path": f"{frame['file_path'][:-4]}_mask.png"} for frame in shoot(tests, folder, "test", SIDE)]
    write_views(folder / "test_transforms.json", views | {"frames": masked})
    tree = _surfaces()
    depths = [_depth(tree, camera, kind.lens, SIDE // COARSE) for camera in photos]
    for index, camera in enumerate(tests):
        depth = _depth(tree, camera, kind.lens, SIDE)
        np.save(folder / "test" / f"{index:02d}_depth.npy", depth)
        seen = _seen(_points(depth, camera, kind.lens), photos, depths, kind.lens) >= 2
        write_picture(folder / "test" / f"{index:02d}_mask.png", np.repeat(seen[..., None], 3, -1).astype(np.float32))


def camera(shot: Shot, lens: float) -> bpy.types.Object:
    """Add a camera."""
    eye, target = shot
    added = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    added.data.lens, added.data.sensor_width, added.data.clip_start = lens, SENSOR, 0.01
    added.location, added.rotation_euler = eye, (eye - target).to_track_quat("Z", "Y").to_euler()
    context.collection.objects.link(added)
    return added


def shoot(cameras: list[bpy.types.Object], folder: Path, below: str, side: int) -> list[dict[str, Any]]:
    """Render square views, and return the frames of a transforms.json."""
    frames = []
    for index, camera in enumerate(cameras):
        name = f"{below}/{index:02d}.png"
        frames.append({"file_path": name, "transform_matrix": np.array(camera.matrix_world).tolist()})
        render(camera, (side, side), folder / name)
    return frames


def write_views(path: Path, content: dict[str, Any]) -> None:
    """Write the file of square views from their size, focal lengths and frames."""
    path.write_text(json.dumps(content | {"cx": content["w"] / 2, "cy": content["h"] / 2}, indent=1))


def _surfaces() -> BVHTree:
    """All surfaces of the scene, in the world."""
    graph = context.evaluated_depsgraph_get()
    vertices: list[Vector] = []
    faces: list[tuple[int, ...]] = []
    for thing in (thing.evaluated_get(graph) for thing in context.scene.objects if thing.type == "MESH"):
        first, mesh = len(vertices), thing.to_mesh()
        vertices += [thing.matrix_world @ vertex.co for vertex in mesh.vertices]
        faces += [tuple(first + corner for corner in polygon.vertices) for polygon in mesh.polygons]
        thing.to_mesh_clear()
    return BVHTree.FromPolygons(vertices, faces)


def _rays(camera: bpy.types.Object, lens: float, side: int) -> np.ndarray:
    """Directions [side, side, 3] in the world through the centers of pixels, of depth 1."""
    across = (np.arange(side) + 0.5 - side / 2) / (lens / SENSOR * side)
    x, y = np.meshgrid(across, -across)
    return np.stack([x, y, -np.ones_like(x)], -1) @ np.array(camera.matrix_world)[:3, :3].T


def _depth(tree: BVHTree, camera: bpy.types.Object, lens: float, side: int) -> np.ndarray:
    """Exact depth along the camera's axis: [side, side] float32, infinite for the sky."""
    eye, rays = camera.matrix_world.translation, _rays(camera, lens, side).reshape(-1, 3)
    lengths = np.linalg.norm(rays, axis=1)
    hits = [tree.ray_cast(eye, Vector(ray))[3] for ray in rays]
    distances = np.array([math.inf if hit is None else hit for hit in hits])
    return (distances / lengths).reshape(side, side).astype(np.float32)


def _points(depth: np.ndarray, camera: bpy.types.Object, lens: float) -> np.ndarray:
    """What the pixels of a depth map show: [H, W, 3]."""
    eye = np.array(camera.matrix_world.translation)
    return eye + np.minimum(depth, FAR)[..., None] * _rays(camera, lens, len(depth))


def _seen(points: np.ndarray, cameras: list[bpy.types.Object], depths: list[np.ndarray], lens: float) -> np.ndarray:
    """How many of some cameras with depth maps [side, side] see points [H, W, 3]: [H, W]."""
    seen = np.zeros(points.shape[:2], int)
    for camera, depth in zip(cameras, depths, strict=True):
        side = len(depth)
        local = np.concatenate([points, np.ones_like(points[..., :1])], -1) @ np.linalg.inv(np.array(camera.matrix_world)).T
        z = -local[..., 2]
        ahead = z > 1e-3
        scale = lens / SENSOR * side / np.where(ahead, z, 1)
        columns = np.floor(local[..., 0] * scale + side / 2).astype(int)
        rows = np.floor(-local[..., 1] * scale + side / 2).astype(int)
        inside = ahead & (columns >= 0) & (columns < side) & (rows >= 0) & (rows < side)
        hit = np.minimum(depth, FAR)[rows.clip(0, side - 1), columns.clip(0, side - 1)]
        seen += inside & (np.abs(z - hit) < SAME * z + (z > FAR / 2) * FAR)
    return seen


def orbit(target: Point, radius: float, rise: float, turns: list[float], sway: float = 0.0) -> Iterator[Shot]:
    """Cameras around a target, by their height and directions in degrees."""
    for index, turn in enumerate(turns):
        azimuth, height = math.radians(turn), math.radians(rise + sway * math.sin(2.2 * index))
        direction = Vector((math.cos(azimuth) * math.cos(height), math.sin(azimuth) * math.cos(height), math.sin(height)))
        yield Vector(target) + radius * direction, Vector(target)


def _around(target: Point, radius: float, rise: float) -> dict[str, list[Shot]]:
    """Photos all around, and test views 30° above, 40 % nearer, and lower and farther than the path."""
    tests = [*orbit(target, radius, rise + 30, [20, 140, 260]), *orbit(target, 0.6 * radius, rise, [75, 195, 315])]
    tests += orbit(target, 1.3 * radius, rise - 18, [110, 290])
    return {"photos": list(orbit(target, radius, rise, even(PHOTOS, 0, 360), 6.0)), "tests": tests}


def even(count: int, start: float, stop: float) -> list[float]:
    """Numbers evenly spread between two."""
    return [start + (stop - start) * (index + 0.5) / count for index in range(count)]


def _table() -> None:
    """Suzanne, a ball, a box and a can on a table."""
    plane(14, -0.75, paint((0.05, 0.1, 0.2), (0.5, 0.46, 0.4), 1.5))
    wood = paint((0.16, 0.06, 0.02), (0.7, 0.4, 0.18), 3.0)
    rod((0, 0, -0.1), (0, 0, 0), 1.4, wood)
    rod((0, 0, -0.75), (0, 0, -0.1), 0.15, wood)
    monkey((0.1, 0.2, 0.5), 1.2, paint((0.6, 0.1, 0.05), (0.9, 0.75, 0.3), 5.0, "Voronoi"))
    ball((-0.75, -0.5, 0.25), 0.25, paint((0.02, 0.2, 0.1), (0.3, 0.8, 0.4), 8.0))
    box((0.75, -0.55, 0.2), (0.5, 0.35, 0.4), paint((0.1, 0.1, 0.5), (0.8, 0.8, 0.9), 7.0, "Voronoi"), 25)
    rod((-0.8, 0.5, 0), (-0.8, 0.5, 0.6), 0.17, paint((0.5, 0.02, 0.1), (0.9, 0.6, 0.6), 9.0))
    sun(35, 2.2)
    sky((0.35, 0.4, 0.5), (0.6, 0.62, 0.65))


def _room() -> None:
    """A room with patterns on its walls and ceiling."""
    ends, ceiling = paint((0.45, 0.4, 0.32), (0.75, 0.72, 0.66), 2.0), paint((0.6, 0.6, 0.6), (0.8, 0.8, 0.78), 2.0)
    furnished(ends, paint((0.2, 0.3, 0.32), (0.6, 0.68, 0.66), 3.0, "Voronoi"), ceiling)


def furnished(ends: bpy.types.Material, sides: bpy.types.Material, ceiling: bpy.types.Material) -> None:
    """A room of 5 × 4 × 2.6 with a table, a sofa, shelves and pictures, by the paint of its walls and ceiling."""
    box((0, 0, -0.05), (5, 4, 0.1), paint((0.12, 0.05, 0.02), (0.5, 0.28, 0.12), 4.0))
    box((0, 0, 2.65), (5, 4, 0.1), ceiling)
    for side in (-1, 1):
        box((side * 2.55, 0, 1.3), (0.1, 4.2, 2.6), ends)
        box((0, side * 2.05, 1.3), (5.2, 0.1, 2.6), sides)
    sofa = paint((0.25, 0.04, 0.04), (0.7, 0.3, 0.2), 9.0)
    box((-2.05, 0.2, 0.25), (0.8, 1.9, 0.5), sofa)
    box((-2.35, 0.2, 0.6), (0.25, 1.9, 0.5), sofa)
    wood = paint((0.1, 0.04, 0.01), (0.6, 0.35, 0.15), 6.0)
    box((0.1, 0.1, 0.62), (1.1, 0.7, 0.05), wood)
    for x, y in ((-0.4, -0.2), (0.6, -0.2), (-0.4, 0.4), (0.6, 0.4)):
        rod((x, y, 0), (x, y, 0.6), 0.035, wood)
    ball((0.2, 0.15, 0.77), 0.13, paint((0.6, 0.3, 0.02), (0.95, 0.8, 0.3), 12.0))
    for height in (0.4, 0.9, 1.4, 1.9):
        box((2.3, -0.4, height), (0.35, 1.6, 0.04), wood)
        for index in range(7):
            color = (0.1 + 0.12 * index, 0.5 - 0.06 * index, 0.3 + 0.3 * ((index + 10 * height) % 2))
            box((2.3, -1.05 + 0.2 * index, height + 0.15), (0.2, 0.07, 0.26), paint((0.05, 0.05, 0.05), color, 14.0))
    box((0.3, 1.97, 1.5), (1.3, 0.05, 0.9), paint((0.02, 0.1, 0.35), (0.9, 0.6, 0.2), 4.0, "Voronoi"))
    box((-0.6, -1.97, 1.4), (0.9, 0.05, 1.1), paint((0.4, 0.02, 0.2), (0.5, 0.9, 0.6), 5.0, "Voronoi"))
    lamp((0, 0, 2.55), 1.6, 110)
    sky((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))


def room_views() -> dict[str, Any]:
    """Photos on a round through the middle, inward and outward, and test views from above, nearer to things, and corners."""
    photos = []
    for index, turn in enumerate(even(PHOTOS, 0, 360)):
        out = Vector((math.cos(math.radians(turn)), math.sin(math.radians(turn)), 0))
        eye = Vector((1.25 * out.x, 0.95 * out.y, 1.4 + 0.15 * math.sin(2.2 * index)))
        photos.append((eye, eye + (out if index % 2 else -out) + Vector((0, 0, -0.15))))
    tests = [(Vector((x, y, 2.3)), Vector((-0.5 * x, -0.5 * y, 0.7))) for x, y in ((0.9, 0.6), (-0.9, 0.5), (0.2, -0.9))]
    tests += [(Vector((1.6, 0.2, 1.2)), Vector((2.5, -0.6, 1.1))), (Vector((0.2, 1.2, 1.3)), Vector((0.3, 2.0, 1.4)))]
    tests += [(Vector((x, y, 1.3)), Vector((0, 0, 0.8))) for x, y in ((2.0, 1.5), (-1.9, -1.5), (1.9, -1.6))]
    return {"photos": photos, "tests": tests, "lens": 24.0}


def _front() -> None:
    """A house front of 8 × 5 with a roof, windows, a door, steps and a street lamp, under clouds."""
    plane(60, 0, paint((0.08, 0.08, 0.08), (0.3, 0.29, 0.27), 2.0))
    box((0, 1.5, 2.4), (8, 3, 4.8), paint((0.3, 0.08, 0.04), (0.75, 0.45, 0.3), 2.2, "Brick"))
    box((0, 0.9, 5.0), (8.6, 3.0, 0.4), paint((0.06, 0.04, 0.04), (0.3, 0.18, 0.15), 6.0))
    glass, frame = paint((0.03, 0.06, 0.12), (0.25, 0.35, 0.5), 2.0), paint((0.55, 0.52, 0.45), (0.9, 0.88, 0.8), 8.0)
    for x in (-2.8, -0.9, 1.0, 2.9):
        for z in (1.5, 3.6):
            if (x, z) != (1.0, 1.5):
                box((x, -0.02, z), (1.1, 0.1, 1.3), frame)
                box((x, -0.05, z), (0.9, 0.1, 1.1), glass)
                box((x, -0.12, z), (0.06, 0.06, 1.1), frame)
                box((x, -0.15, z - 0.7), (1.3, 0.3, 0.1), frame)
    box((1.0, -0.04, 1.3), (1.1, 0.12, 2.2), paint((0.02, 0.12, 0.05), (0.1, 0.4, 0.2), 5.0))
    for step in range(3):
        box((1.0, -0.3 - 0.3 * step, 0.25 - 0.1 * step), (1.6, 0.4, 0.2), frame)
    for x in (-3.4, -1.9, 2.2, 3.5):
        ball((x, -0.8, 0.45), 0.45, paint((0.02, 0.1, 0.01), (0.3, 0.55, 0.12), 10.0))
    iron = paint((0.02, 0.02, 0.03), (0.2, 0.2, 0.22), 10.0)
    rod((-1.2, -2.2, 0), (-1.2, -2.2, 3.0), 0.06, iron)
    ball((-1.2, -2.2, 3.1), 0.18, frame)
    sun(50, 2.4)
    sky((0.2, 0.35, 0.65), (0.85, 0.87, 0.9))


def _front_views() -> dict[str, Any]:
    """Photos along the street in two rows, and test views 30° above, 40 % nearer and beyond the ends of the path."""
    photos = [(Vector((x, -9, z)), Vector((0.5 * x, 0, 2.4))) for z in (1.5, 2.3) for x in even(PHOTOS // 2, -4.5, 4.5)]
    tests = [(Vector((x, -7.8, 6.4)), Vector((0.4 * x, 0, 2.2))) for x in (-3, 0, 3)]
    tests += [(Vector((x, -5.4, 1.8)), Vector((x, 0, 2.3))) for x in (-2.2, 0.5, 2.4)]
    tests += [(Vector((x, -7.5, 2.0)), Vector((0.2 * x, 0, 2.3))) for x in (-7.5, 7.5)]
    return {"photos": photos, "tests": tests, "lens": 32.0}


def _thin() -> None:
    """A chair, a fence and a plant with long leaves."""
    plane(14, 0, paint((0.05, 0.12, 0.03), (0.4, 0.42, 0.2), 2.5))
    wood = paint((0.15, 0.05, 0.02), (0.75, 0.45, 0.2), 7.0)
    for x, y, top in ((-0.75, -0.25, 0.6), (-0.25, -0.25, 0.6), (-0.75, 0.25, 1.3), (-0.25, 0.25, 1.3)):
        rod((x, y, 0), (x, y, top), 0.03, wood)
    box((-0.5, 0, 0.6), (0.6, 0.6, 0.05), wood)
    for height in (0.8, 1.0, 1.2):
        rod((-0.75, 0.25, height), (-0.25, 0.25, height), 0.02, wood)
    white = paint((0.5, 0.5, 0.48), (0.9, 0.9, 0.85), 9.0)
    for index in range(11):
        box((-1.0 + 0.2 * index, 0.9, 0.45), (0.06, 0.02, 0.9), white)
    for height in (0.25, 0.7):
        rod((-1.1, 0.93, height), (1.1, 0.93, height), 0.02, white)
    rod((0.5, -0.1, 0), (0.5, -0.1, 0.3), 0.2, paint((0.4, 0.12, 0.05), (0.8, 0.4, 0.2), 8.0))
    green = paint((0.02, 0.15, 0.02), (0.35, 0.6, 0.15), 14.0)
    for index in range(14):
        leaf((0.5, -0.1, 0.3), 137.5 * index, 60 + 25 * math.sin(index), 0.75, green)
    sun(35, 2.2)
    sky((0.35, 0.45, 0.6), (0.7, 0.72, 0.75))


KINDS = {
    "table": Kind(_table, **_around((0, 0, 0.3), 4.0, 30)),
    "room": Kind(_room, **room_views()),
    "front": Kind(_front, **_front_views()),
    "thin": Kind(_thin, **_around((0, 0.2, 0.5), 3.4, 25)),
}


if __name__ == "__main__":
    main()
