# SPDX-License-Identifier: GPL-3.0-or-later
"""The GPU, or what stands in for it, in a process without a window."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import bpy
import gpu
import numpy as np

from operators.viewport.overlay import Overlay
from operators.viewport.visible import appearances
from tttlrm_blender.gaussians.drawing import Eye
from tttlrm_blender.geometry.cameras import Cameras

OPENGL = np.diag([1.0, -1.0, -1.0, 1.0])  # a camera's axes, and OpenCV's


class Nothing(bpy.types.RenderEngine):
    """Before Blender 5.2 a process without a window has a GPU only once an engine that wants it has rendered."""

    bl_idname, bl_label, bl_use_gpu_context = "TTTLRM_NOTHING", "Nothing", True

    def render(self, depsgraph: bpy.types.Depsgraph) -> None:
        """Blender calls this."""


@cache
def begin() -> None:
    """Have a GPU from now on."""
    if hasattr(gpu, "init"):
        gpu.init()
        return
    bpy.utils.register_class(Nothing)
    scene = bpy.context.scene
    before, scene.camera = scene.camera, bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    engine, scene.render.engine = scene.render.engine, Nothing.bl_idname
    bpy.ops.render.render()
    bpy.data.objects.remove(scene.camera)
    scene.render.engine, scene.camera = engine, before
    bpy.utils.unregister_class(Nothing)  # Blender 4.2 would fall over it when it ends


def eye_of(cameras: Cameras, near: float = 0.01, far: float = 1000.0) -> Eye:
    """What the first camera sees, as OpenGL's matrices."""
    fx, fy, cx, cy = cameras.intrinsics[0]
    width, height = cameras.sizes[0]
    projection = np.zeros((4, 4))
    projection[:2, :3] = [[2 * fx / width, 0, 1 - 2 * cx / width], [0, 2 * fy / height, 2 * cy / height - 1]]
    projection[2:, 2:] = [[(far + near) / (near - far), 2 * far * near / (near - far)], [-1, 0]]
    return Eye(np.linalg.inv(cameras.c2w[0] @ OPENGL), projection)


def draw_overlay(
    eye: Eye,
    size: tuple[int, int],  # width, height
    scene: Callable[[], object] = lambda: None,  # draws what the splats may be behind of
    space: bpy.types.SpaceView3D | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The overlay's picture of the splats, and what comes of it over the framebuffer: [H, W, 4] each, top row first."""
    overlay, target = Overlay(), gpu.types.GPUOffScreen(*size, format="RGBA32F")
    draw_until_done(overlay, target, eye, scene, space)
    overlay.background.close()
    picture = overlay.views[0].canvas.picture
    return read(gpu.types.GPUFrameBuffer(color_slots=picture), size) if picture else np.zeros((*size[::-1], 4)), read(
        target, size
    )


def draw_until_done(overlay: Overlay, target: gpu.types.GPUOffScreen, *view: Any) -> None:
    """Draw again and again, as Blender does, until there is nothing newer."""
    draw_once(overlay, target, *view)
    while overlay.news():
        draw_once(overlay, target, *view)


def draw_once(
    overlay: Overlay,
    target: gpu.types.GPUOffScreen,
    eye: Eye,
    scene: Callable[[], object] = lambda: None,
    space: bpy.types.SpaceView3D | None = None,
) -> None:
    """Draw what is ready, and wait for what was asked for."""
    with target.bind():
        gpu.state.active_framebuffer_get().clear(color=(0.0, 0.0, 0.0, 0.0), depth=1.0)
        scene()
        overlay.draw(0, appearances(bpy.context.evaluated_depsgraph_get(), space), eye)
    overlay.background.wait()


def read(framebuffer: gpu.types.GPUFrameBuffer | gpu.types.GPUOffScreen, size: tuple[int, int]) -> np.ndarray:
    """What was drawn: [H, W, 4], top row first."""
    pixels = np.zeros((*size[::-1], 4), dtype=np.float32)
    with framebuffer.bind():
        into = gpu.types.Buffer("FLOAT", pixels.shape, pixels)
        gpu.state.active_framebuffer_get().read_color(0, 0, *size, 4, 0, "FLOAT", data=into)
    return pixels[::-1]
