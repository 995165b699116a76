# SPDX-License-Identifier: GPL-3.0-or-later
"""The photo beside the splats in a camera view, or how far they are from it: drawn last, over what is already there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import bpy
import gpu
import numpy as np

from ..narrowing import given, group_of
from . import canvas
from .sight import Sight, sight_of

UNIFORMS = "struct Comparison { vec4 photo; vec4 shown; vec4 how; };"  # how: 1 for differences, line, its width, gain
LINE = 1.0  # width of the line, in pixels of a screen of usual density


@dataclass(frozen=True)
class Comparison:
    """What is compared in a view, and how."""

    sight: Sight
    difference: bool  # else a wipe
    split: float  # 0 to 1
    gain: float

    def draw(self, picture: gpu.types.GPUTexture | None, depths: gpu.types.GPUTexture | None) -> None:
        """Draw over the bound framebuffer: `picture` is that of the splats, `depths` what they may be behind of."""
        photo = _photo(self.sight.image)
        if photo is None or (self.difference and picture is None):
            return
        shader, uniforms = _shader(), self._uniforms()  # which must live until they are drawn with
        gpu.state.blend_set("NONE")
        shader.bind()
        shader.uniform_block("comparison", uniforms)
        shader.uniform_sampler("photo", photo)
        shader.uniform_sampler("picture", picture or _nothing())
        shader.uniform_sampler("scene_depth", depths or _nothing())
        canvas.quad().draw(shader)

    def _uniforms(self) -> gpu.types.GPUUniformBuf:
        boxes = [[box.left, box.bottom, box.right, box.top] for box in (self.sight.photo, self.sight.shown)]
        width = LINE * given(bpy.context.preferences).system.pixel_size
        how = [float(self.difference), self.sight.shown.at(self.split), width, self.gain]
        values = np.concatenate([*boxes, how]).astype(np.float32)
        return gpu.types.GPUUniformBuf(gpu.types.Buffer("FLOAT", len(values), values))


def wanted(
    scene: bpy.types.Scene,
    space: bpy.types.SpaceView3D,
    size: tuple[int, int],
    projection: np.ndarray,  # [4, 4], view to clip space
) -> Comparison | None:
    """What is to be compared in a view; None if nothing is, or it does not look through the camera of a photo."""
    group = group_of(scene).compare
    sight = sight_of(scene, space, size, projection) if group.mode != "OFF" else None
    return Comparison(sight, group.mode == "DIFFERENCE", group.split, group.gain) if sight else None


def forget() -> None:
    """Let go of what must not outlive the GPU."""
    for made in (_shader, _nothing):
        made.cache_clear()


def _photo(image: bpy.types.Image) -> gpu.types.GPUTexture | None:
    """A photo as a texture that is read as linear light, and which Blender keeps; None if it cannot be made."""
    try:
        return gpu.texture.from_image(image)
    except (RuntimeError, ValueError):
        return None


@cache
def _nothing() -> gpu.types.GPUTexture:
    """What stands for pictures and depths where there are no splats."""
    return canvas.texture(np.zeros((1, 1, 4), np.float32))


@cache
def _shader() -> gpu.types.GPUShader:
    info = gpu.types.GPUShaderCreateInfo()
    info.typedef_source(UNIFORMS)
    info.uniform_buf(0, "Comparison", "comparison")
    for slot, name in enumerate(("photo", "picture", "scene_depth")):
        info.sampler(slot, "FLOAT_2D", name)
    return canvas.compiled(info, "composite", "compare")
