# SPDX-License-Identifier: GPL-3.0-or-later
"""Photograph a scene: colors of Cycles, as a camera would expose them, and the exact depth of every pixel."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import bpy
import numpy as np
from mathutils import Matrix

from operators.scene import nodes
from operators.scene.cameras import look_through
from tools.inside.demo.suzanne import render_settings

from .paint import stored_pixels

context: Any = bpy.context  # untyped: fake-bpy-module does not know which attributes exist in which area

SENSOR = 36.0  # millimeters
FAR = 1e3  # depths beyond are the sky's
WHITE = 4.0  # luminance, in units of the exposure, that becomes white
GAMMA = 2.2  # approximates sRGB


class CameraPath(NamedTuple):
    """The cameras of a scene."""

    c2w: np.ndarray  # [V, 4, 4] float32, OpenCV
    intrinsics: np.ndarray  # [V, 4] float32, fx fy cx cy in pixels
    indoors: bool  # whether they need a room


def photograph(views: CameraPath, side: int, samples: int, chance: random.Random, scratch: Path) -> tuple[np.ndarray, np.ndarray]:
    """Square pictures [V, side, side, 3] uint8 sRGB and z depths [V, side, side] float32, 0 for the sky, of one scene's views."""
    scene = context.scene
    render_settings(scene, samples)
    scene.cycles.max_bounces, scene.cycles.seed = 2, chance.getrandbits(30)
    scene.cycles.denoising_quality = scene.cycles.denoising_prefilter = "FAST"
    scene.cycles.caustics_reflective = scene.cycles.caustics_refractive = False
    scene.cycles.sample_clamp_indirect = 4.0
    scene.render.threads_mode, scene.render.threads = "FIXED", 1
    scene.render.image_settings.file_format, scene.render.image_settings.color_depth = "OPEN_EXR", "32"
    cameras = [_camera(pose, float(lens[0]), side) for pose, lens in zip(views.c2w, views.intrinsics, strict=True)]
    colors = np.stack(list(_rendered(cameras, side, scratch)))
    _show_depth(scene)
    depth = np.stack([picture[..., 0] for picture in _rendered(cameras, side, scratch)])
    return (exposed(colors, chance) * 255 + 0.5).astype(np.uint8), np.where(depth < FAR, depth, 0)


def _camera(pose: np.ndarray, focal: float, side: int) -> bpy.types.Object:
    """A camera from its pose [4, 4], OpenCV axes, and its focal length in pixels."""
    made = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    lens: Any = made.data
    lens.sensor_width, lens.lens, lens.clip_start = SENSOR, focal / side * SENSOR, 0.01
    made.matrix_world = Matrix((pose @ np.diag([1.0, -1.0, -1.0, 1.0])).tolist())
    context.collection.objects.link(made)
    return made


def _rendered(cameras: list[bpy.types.Object], side: int, scratch: Path) -> Iterator[np.ndarray]:
    """What the cameras see, linear [side, side, 3], first row at the top."""
    for camera in cameras:
        look_through(context.scene, camera, (side, side))
        context.scene.render.filepath = str(scratch)
        bpy.ops.render.render(write_still=True)
        yield stored_pixels(scratch)[::-1]


def _show_depth(scene: Any) -> None:
    """Make all surfaces glow by their depth, seen through the centers of pixels, before a black sky."""
    made: Any = bpy.data.materials.new("depth")
    tree = nodes.tree_of(made)
    tree.nodes.clear()
    glow = nodes.add(tree, "ShaderNodeEmission")
    nodes.connect(tree, nodes.value(tree, "ShaderNodeCameraData", "View Z Depth"), glow.inputs["Strength"])
    nodes.connect(tree, glow, nodes.add(tree, "ShaderNodeOutputMaterial").inputs["Surface"])
    made.cycles.emission_sampling = "NONE"
    context.view_layer.material_override = made
    scene.world = None
    scene.cycles.samples, scene.cycles.use_denoising, scene.cycles.max_bounces = 1, False, 0
    scene.cycles.pixel_filter_type, scene.cycles.filter_width = "BOX", 0.01


def exposed(linear: np.ndarray, chance: random.Random) -> np.ndarray:
    """Photos [..., 3] sRGB, 0 to 1, of linear light: exposed to its median, with highlights rolled off, in some contrast."""
    middle = max(float(np.median(linear.mean(-1))), 1e-4)
    tint = np.array([chance.uniform(0.9, 1.1), 1.0, chance.uniform(0.9, 1.1)])
    light = linear * tint * (chance.uniform(0.14, 0.32) / middle)
    rolled = light * (1 + light / WHITE**2) / (1 + 0.6 * light)
    return (1.25 * rolled).clip(0, 1) ** (chance.uniform(0.9, 1.15) / GAMMA)
