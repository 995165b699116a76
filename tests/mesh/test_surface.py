# SPDX-License-Identifier: GPL-3.0-or-later
"""Colors of a surface's vertices."""

import numpy as np

from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.mesh.depth_maps import DepthMaps
from tttlrm_blender.mesh.mesh import UNSEEN
from tttlrm_blender.mesh.surface import observed_colors

HEIGHT, WIDTH, TOLERANCE = 6, 8, 0.3


def colors_one_by_one(vertices: np.ndarray, maps: DepthMaps) -> np.ndarray:
    """The same as `observed_colors`, by its definition."""
    found = np.full(vertices.shape, UNSEEN, float)
    for row, vertex in enumerate(vertices):
        seen = []
        for view in range(len(maps)):
            x, y, z = (maps.world_to_camera(view) @ [*vertex, 1])[:3]
            fx, fy, cx, cy = maps.cameras.intrinsics[view]
            column, line = int(np.floor(x / z * fx + cx)), int(np.floor(y / z * fy + cy))
            if z > 0 and 0 <= column < WIDTH and 0 <= line < HEIGHT and abs(maps.depth[view, line, column] - z) < TOLERANCE:
                seen.append((maps.confidence[view, line, column], maps.color[view, line, column] / 255))
        if sum(sure for sure, _ in seen):
            found[row] = sum(sure * color for sure, color in seen) / sum(sure for sure, _ in seen)
    return found


def test_colors_are_those_of_the_pixels_that_show_a_vertex() -> None:
    random, views = np.random.default_rng(0), 3
    c2w = np.tile(np.eye(4), (views, 1, 1))
    c2w[:, :3, 3] = random.normal(0, 0.2, (views, 3))
    cameras = Cameras(c2w, np.tile([6.0, 6.0, WIDTH / 2, HEIGHT / 2], (views, 1)), np.tile([WIDTH, HEIGHT], (views, 1)))
    depth = random.uniform(1.8, 2.2, (views, HEIGHT, WIDTH)).astype(np.float32)
    confidence = random.uniform(0, 1, depth.shape).astype(np.float32) * (random.random(depth.shape) < 0.7)
    color = random.integers(0, 256, (*depth.shape, 3), dtype=np.uint8)
    maps = DepthMaps(depth, confidence.astype(np.float32), color, cameras)
    vertices = (random.uniform(-2, 2, (300, 3)) * [1, 1, 0.2] + [0, 0, 2]).astype(np.float32)
    vertices[0] = 0, 0, -2
    found = observed_colors(vertices, maps, TOLERANCE)
    np.testing.assert_allclose(found, colors_one_by_one(vertices, maps), atol=1e-5)
    unseen = (found == np.float32(UNSEEN)).all(axis=1)
    assert 0 < unseen.sum() < len(vertices)
