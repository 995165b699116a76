# SPDX-License-Identifier: GPL-3.0-or-later
"""What the GPU holds and does: splats as textures, drawn into a picture of their own that is then laid over the viewport."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import gpu
import numpy as np

from ..engine import drawing

SOURCES = Path(__file__).parent
CORNERS = ((-1.0, -1.0), (1.0, -1.0), (-1.0, 1.0), (1.0, 1.0))
EYE = "struct Eye { mat4 projection; vec4 size; };"  # size: width and height in pixels, color coefficients of a splat


@dataclass(frozen=True)
class Atlas:
    """Packed splats on the GPU."""

    shapes: gpu.types.GPUTexture
    colors: gpu.types.GPUTexture
    terms: int

    @property
    def textures(self) -> dict[str, gpu.types.GPUTexture]:
        """What the shader reads, by the names that it has there."""
        return {"shapes": self.shapes, "colors": self.colors}


def upload(texels: drawing.Texels) -> Atlas:
    """Give packed splats to the GPU; color coefficients as half floats."""
    return Atlas(texture(texels.shapes), texture(texels.harmonics, "RGBA16F"), texels.terms)


def texture(
    texels: np.ndarray,  # [rows, columns, channels] float32
    layout: str = "RGBA32F",
) -> gpu.types.GPUTexture:
    """Texels on the GPU."""
    buffer = gpu.types.Buffer("FLOAT", texels.shape, np.ascontiguousarray(texels))
    return gpu.types.GPUTexture((texels.shape[1], texels.shape[0]), format=layout, data=buffer)


def forget() -> None:
    """Let go of shaders and shapes, which must not outlive the GPU when Blender quits."""
    for made in (_splat_shader, _composite_shader, quad):
        made.cache_clear()


class Canvas:
    """The picture of the splats in one view, and the drawing of it."""

    def __init__(self) -> None:
        self.picture: gpu.types.GPUTexture | None = None
        self.depths: gpu.types.GPUTexture | None = None  # what of the scene is before and behind the splats
        self._shows: tuple[Any, ...] = ()  # what the picture was drawn from

    def draw(
        self,
        atlas: Atlas,
        order: gpu.types.GPUTexture,
        count: int,  # texels of the order to draw
        places: np.ndarray,  # texels, as `drawing.places` gives them
        projection: np.ndarray,  # [4, 4], view to clip space
        aside: bool = False,
        alone: bool = False,
    ) -> None:
        """Draw splats over what the bound framebuffer shows, behind what is nearer by its depths.

        Drawn `alone`, nothing is nearer, neither meshes nor the wires of cameras. Drawn `aside`, they are in the picture only.

        Blender draws views anew for many reasons, such as the progress in a panel beside them. Then the picture is still good.
        """
        framebuffer, (_, _, width, height) = gpu.state.active_framebuffer_get(), gpu.state.viewport_get()
        depths = _far(width, height) if alone or aside else framebuffer.read_depth(0, 0, width, height)
        shows = (atlas, order, width, *(np.asarray(array).tobytes() for array in (places, projection, depths)))
        picture = self.picture
        if picture is None or shows != self._shows:
            self._shows, picture = shows, self._picture(width, height)
            self.picture, self.depths = picture, gpu.types.GPUTexture((width, height), format="R32F", data=depths)
            textures = {"order": order, "places": texture(places), "scene_depth": self.depths}
            _draw_splats(picture, _uniforms(projection, width, height, atlas.terms), count, textures | atlas.textures)
        if not aside:
            _lay_over(picture)

    def _picture(self, width: int, height: int) -> gpu.types.GPUTexture:
        if self.picture is None or (self.picture.width, self.picture.height) != (width, height):
            self.picture = gpu.types.GPUTexture((width, height), format="RGBA16F")
        return self.picture


def _far(width: int, height: int) -> gpu.types.Buffer:
    """The depths of an empty scene."""
    return gpu.types.Buffer("FLOAT", (height, width), np.ones((height, width), np.float32))


def _draw_splats(
    picture: gpu.types.GPUTexture,
    eye: gpu.types.GPUUniformBuf,
    count: int,  # texels of the order
    textures: dict[str, gpu.types.GPUTexture],  # by their names in the shader
) -> None:
    shader = _splat_shader()
    with gpu.types.GPUFrameBuffer(color_slots=picture).bind():
        gpu.state.active_framebuffer_get().clear(color=(0.0, 0.0, 0.0, 0.0))
        gpu.state.blend_set("ALPHA_PREMULT")
        shader.bind()
        shader.uniform_block("eye", eye)
        for name, value in textures.items():
            shader.uniform_sampler(name, value)
        quad().draw_instanced(shader, instance_count=count)


def _lay_over(picture: gpu.types.GPUTexture) -> None:
    shader = _composite_shader()
    gpu.state.blend_set("ALPHA_PREMULT")
    shader.bind()
    shader.uniform_sampler("picture", picture)
    quad().draw(shader)
    gpu.state.blend_set("NONE")


def _uniforms(projection: np.ndarray, width: int, height: int, terms: int) -> gpu.types.GPUUniformBuf:
    values = np.concatenate([projection.T.ravel(), [width, height, terms, 0]]).astype(np.float32)
    return gpu.types.GPUUniformBuf(gpu.types.Buffer("FLOAT", len(values), values))


@cache
def _splat_shader() -> gpu.types.GPUShader:
    info = gpu.types.GPUShaderCreateInfo()
    info.typedef_source(EYE)
    info.uniform_buf(0, "Eye", "eye")
    for slot, name in enumerate(("shapes", "colors", "order", "places", "scene_depth")):
        info.sampler(slot, "FLOAT_2D", name)
    varying = gpu.types.GPUStageInterfaceInfo("splat")
    varying.smooth("VEC2", "offset")
    varying.flat("VEC4", "color")
    info.vertex_out(varying)
    return compiled(info, "splats", "splats")


@cache
def _composite_shader() -> gpu.types.GPUShader:
    info = gpu.types.GPUShaderCreateInfo()
    info.sampler(0, "FLOAT_2D", "picture")
    return compiled(info, "composite", "composite")


def compiled(info: gpu.types.GPUShaderCreateInfo, vertices: str, fragments: str) -> gpu.types.GPUShader:
    """A shader of two files, which draws the corners of `quad`."""
    info.vertex_in(0, "VEC2", "corner")
    info.fragment_out(0, "VEC4", "fragment")
    info.vertex_source((SOURCES / f"{vertices}.vert.glsl").read_text(encoding="utf-8"))
    info.fragment_source((SOURCES / f"{fragments}.frag.glsl").read_text(encoding="utf-8"))
    return gpu.shader.create_from_info(info)


@cache
def quad() -> gpu.types.GPUBatch:
    """A square that fills the view."""
    layout = gpu.types.GPUVertFormat()
    layout.attr_add(id="corner", comp_type="F32", len=2, fetch_mode="FLOAT")
    corners = gpu.types.GPUVertBuf(layout, len(CORNERS))
    corners.attr_fill("corner", CORNERS)
    return gpu.types.GPUBatch(type="TRI_STRIP", buf=corners)
