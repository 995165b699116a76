# SPDX-License-Identifier: GPL-3.0-or-later
"""Photograph four things and a room with exact geometry, for `benchmarks.surface`. Needs bpy.

python -m benchmarks.inside.surface FOLDER [SCENE …]

Each scene becomes a folder with images/ and transforms.json, test/ and test_transforms.json for views from elsewhere, and gt.ply,
whose faces have an "object": 0 for the ground, 1 for what is measured. transforms.json has the "box" around the thing.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from benchmarks.inside.off_path import SENSOR, Kind, camera, even, furnished, orbit, room_views, shoot, write_views
from benchmarks.inside.shapes import Point, box, monkey, paint, plane, rod, sky, sun, turned
from tools.inside.demo.suzanne import render_settings

context: Any = bpy.context

SIDE, SAMPLES, LENS = 400, 8, 50.0  # pixels, rays per pixel, millimeters
PHOTOS, RINGS = 32, (20.0, 40.0, 60.0)  # photos, and the heights in degrees of the rings on which they lie
MARGIN = 0.05  # of the box, relative to its longest side
DOWN = 0.02  # how far the box reaches into the ground, so that what stands on it is measured down to it
GROUND = "Plane"  # the name of ground planes


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
    low, high = write_truth(folder / "gt.ply")
    photos = [camera(shot, kind.lens) for shot in kind.photos]
    tests = [camera(shot, kind.lens) for shot in kind.tests]
    context.view_layer.update()
    focal = kind.lens / SENSOR * SIDE
    common = {"w": SIDE, "h": SIDE, "fl_x": focal, "fl_y": focal, "objects": ["ground", "thing"], "main": ["thing"]}
    common["box"] = [low.tolist(), high.tolist()]
    write_views(folder / "transforms.json", common | {"frames": shoot(photos, folder, "images", SIDE)})
    write_views(folder / "test_transforms.json", common | {"frames": shoot(tests, folder, "test", SIDE)})


def around(build: Callable[[], None], target: Point, radius: float) -> Kind:
    """A thing, and photos on rings around a target."""
    photos = []
    for ring, rise in enumerate(RINGS):
        count = (PHOTOS + len(RINGS) - 1 - ring) // len(RINGS)
        photos += orbit(target, radius, rise, even(count, 30 * ring, 360 + 30 * ring), 4)
    return Kind(build, photos, list(orbit(target, 0.8 * radius, 32, even(4, 10, 370), 12)), LENS)


def write_truth(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Write all triangles to a PLY file; return the corners of the box around the thing."""
    vertices, faces, objects = [np.empty((0, 3))], [np.empty((0, 3), int)], [np.empty(0, int)]
    graph = context.evaluated_depsgraph_get()
    for thing in (thing for thing in context.scene.objects if thing.type == "MESH"):
        mesh = thing.evaluated_get(graph).to_mesh()
        mesh.calc_loop_triangles()
        places, matrix = np.array([vertex.co for vertex in mesh.vertices]), np.array(thing.matrix_world)
        triangles = np.array([triangle.vertices for triangle in mesh.loop_triangles])
        faces.append(triangles + sum(map(len, vertices)))
        vertices.append(places @ matrix[:3, :3].T + matrix[:3, 3])
        objects.append(np.full(len(triangles), int(not thing.name.startswith(GROUND))))
    points, corners, labels = np.concatenate(vertices), np.concatenate(faces), np.concatenate(objects)
    rows = np.empty(len(corners), [("count", "u1"), ("corners", "<i4", 3), ("object", "u1")])
    rows["count"], rows["corners"], rows["object"] = 3, corners, labels
    header = (
        f"ply\nformat binary_little_endian 1.0\nelement vertex {len(points)}\n"
        "property float x\nproperty float y\nproperty float z\n"
        f"element face {len(rows)}\nproperty list uchar int vertex_indices\nproperty uchar object\nend_header\n"
    )
    path.write_bytes(header.encode() + points.astype("<f4").tobytes() + rows.tobytes())
    measured = points[corners[labels == 1]].reshape(-1, 3)
    low, high = measured.min(0), measured.max(0)
    margin = MARGIN * (high - low).max()
    return np.array([*(low[:2] - margin), -DOWN * (high - low).max()]), high + margin


def _ground() -> None:
    """Ground in the sun, under clouds."""
    sun(35, 2.2)
    sky((0.35, 0.4, 0.5), (0.6, 0.62, 0.65))
    plane(14, 0, paint((0.05, 0.1, 0.2), (0.5, 0.46, 0.4), 1.5))


def _suzanne() -> None:
    """Suzanne on a round table."""
    _ground()
    wood = paint((0.16, 0.06, 0.02), (0.7, 0.4, 0.18), 3.0)
    rod((0, 0, 0.55), (0, 0, 0.65), 1.3, wood)
    rod((0, 0, 0), (0, 0, 0.55), 0.2, wood)
    monkey((0, 0, 1.3), 1.7, paint((0.6, 0.1, 0.05), (0.9, 0.75, 0.3), 5.0, "Voronoi"))


def _house() -> None:
    """A front with real openings for six windows and a door, and side walls."""
    _ground()
    wall = paint((0.3, 0.08, 0.04), (0.75, 0.45, 0.3), 2.2, "Brick")
    frame = paint((0.55, 0.52, 0.45), (0.9, 0.88, 0.8), 8.0)
    stripes = ((0, 0.5), (0.5, 1.3), (1.3, 1.8), (1.8, 2.6), (2.6, 3.0))
    columns = ((-2, -1.6), (-1.6, -0.8), (-0.8, -0.4), (-0.4, 0.4), (0.4, 0.8), (0.8, 1.6), (1.6, 2))
    for low, high in stripes:
        for left, right in columns:
            opening = (left, right) in columns[1::2] and (low, high) in stripes[1::2]
            if not opening and not ((left, right) == columns[3] and low < 1):
                box(((left + right) / 2, 0, (low + high) / 2), (right - left, 0.25, high - low), wall)
    for left, right in columns[1::2]:
        for low, _ in stripes[1::2]:
            if (left, right) != columns[3] or low > 1:
                box(((left + right) / 2, -0.16, low - 0.04), (right - left + 0.2, 0.3, 0.08), frame)
    for side in (-1, 1):
        box((side * 1.9, 0.8, 1.5), (0.2, 1.4, 3.0), wall)
    box((0, 0.65, 3.06), (4.3, 1.9, 0.12), paint((0.06, 0.04, 0.04), (0.3, 0.18, 0.15), 6.0))


def _chair() -> None:
    """A chair with a lattice as its back."""
    _ground()
    wood = paint((0.15, 0.05, 0.02), (0.75, 0.45, 0.2), 7.0)
    for x, y, top in ((-0.5, -0.5, 1.0), (0.5, -0.5, 1.0), (-0.5, 0.5, 2.2), (0.5, 0.5, 2.2)):
        rod((x, y, 0), (x, y, top), 0.06, wood)
    box((0, 0, 1.0), (1.15, 1.15, 0.08), paint((0.05, 0.1, 0.4), (0.7, 0.75, 0.9), 8.0, "Voronoi"))
    for height in (1.4, 1.75, 2.1):
        rod((-0.5, 0.5, height), (0.5, 0.5, height), 0.045, wood)
    for x in (-0.25, 0.0, 0.25):
        rod((x, 0.5, 1.0), (x, 0.5, 2.1), 0.03, wood)
    for x in (-0.5, 0.5):
        rod((x, -0.5, 0.4), (x, 0.5, 0.4), 0.04, wood)


def _vase() -> None:
    """A vase in nearly one color, on a round plate."""
    _ground()
    rod((0, 0, 0), (0, 0, 0.1), 1.2, paint((0.1, 0.04, 0.02), (0.6, 0.4, 0.2), 5.0))
    outside = [
        (0.02 + 0.43 * min(1, 6 * t) + 0.3 * math.sin(2.6 * t + 0.2) * t**0.3 - 0.45 * t**2.2, 1.9 * t) for t in even(40, 0, 1)
    ]
    inside = [(radius - 0.06, height) for radius, height in reversed(outside) if radius > 0.3 and height > 0.1]
    turned([(0.0, 0.0), *outside, *inside, (0.0, 0.1)], (0, 0, 0.1), paint((0.55, 0.5, 0.42), (0.66, 0.6, 0.52), 2.0))


def _room() -> None:
    """A room whose walls and ceiling have one color each: only light and shade differ on them."""
    white, cream = (0.75, 0.75, 0.73), (0.7, 0.62, 0.5)
    furnished(paint(cream, cream), paint(cream, cream), paint(white, white))


KINDS = {
    "suzanne": around(_suzanne, (0, 0, 1.0), 5.0),
    "house": around(_house, (0, 0.3, 1.5), 6.6),
    "chair": around(_chair, (0, 0, 1.0), 4.6),
    "vase": around(_vase, (0, 0, 0.9), 4.4),
    "room": Kind(_room, **room_views()),
}


if __name__ == "__main__":
    main()
