# SPDX-License-Identifier: GPL-3.0-or-later
"""Time a frame of the viewport's overlay with this machine's OpenGL, without Blender: the same shaders, run by moderngl.

pip install moderngl; python -m benchmarks.overlay_frame [--splats 1000000] [--size 1920x1080] [--runs 20]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import moderngl
import numpy as np

from benchmarks.sort_splats import random_cloud
from benchmarks.table import Row, best, show
from tttlrm_blender.commands.option_forms import size
from tttlrm_blender.gaussians.drawing import Eye, Placed, Texels, back_to_front, pack, places

SHADERS = Path(__file__).resolve().parents[1] / "operators" / "viewport"
# The lines that Blender adds before the shaders' sources, as `canvas.py` requests them.
SHARED = "#version 430\nstruct Eye { mat4 projection; vec4 size; };\nlayout(std140, binding = 0) uniform Eyes { Eye eye; };\n"
SAMPLERS = ("shapes", "colors", "order", "places", "scene_depth")
VERTEX = "in vec2 corner;\nsmooth out vec2 offset;\nflat out vec4 color;\n"
FRAGMENT = "smooth in vec2 offset;\nflat in vec4 color;\nout vec4 fragment;\n"
WIDEST = 0.01  # standard deviation, of a cube of side 1: about two pixels


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--splats", type=int, default=1_000_000)
    parser.add_argument("--size", type=size, default=(1920, 1080))
    parser.add_argument("--runs", type=int, default=20)
    options = parser.parse_args()
    show(rows(options.splats, options.size, options.runs))


def rows(wanted: int, shape: tuple[int, int], runs: int) -> Iterator[Row]:
    """Each part of the work, and the share of the image that splats cover."""
    width, height = shape
    context = moderngl.create_standalone_context(backend="egl", require=430)
    projection = np.array([[2.0 * height / width, 0, 0, 0], [0, 2, 0, 0], [0, 0, -1, -0.02], [0, 0, -1, 0]])
    eye, placed = Eye(np.eye(4) + np.outer([-0.5, -0.5, -2, 0], [0, 0, 0, 1]), projection), [Placed(0, np.eye(4))]
    cloud = random_cloud(wanted)
    packed, texels = pack([replace(cloud, scales=cloud.scales * WIDEST)])
    order, count = back_to_front(packed, placed, eye, wanted)
    frame = Frame(context, shape, eye, texels.terms)
    work = {
        f"{count:,} splats handed over when they change": lambda: frame.send(texels, places(placed, eye)),
        "their order, when the view moves": lambda: frame.give("order", order),
        f"a frame of {width}×{height}, {context.info['GL_RENDERER']}": lambda: frame.draw(count),
    }
    for what, part in work.items():
        part()  # the first run compiles
        yield Row(what, *best(partial(finished, context, part), runs))
    covered = np.frombuffer(frame.picture.read(), np.float16).reshape(-1, 4)[:, 3].astype(np.float32)
    yield Row("share of the image covered", 100 * float(covered.mean()), unit="%")


def finished(context: moderngl.Context, work: Callable[[], None]) -> None:
    """Do the work, and wait until the GPU has finished."""
    work()
    context.finish()


class Frame:
    """Draws the overlay's image as `operators/viewport/canvas.py` does."""

    def __init__(self, context: moderngl.Context, shape: tuple[int, int], eye: Eye, terms: int) -> None:
        self.context, self.textures = context, {"scene_depth": context.texture(shape, 1, np.ones(shape, np.float32), dtype="f4")}
        samplers = "".join(f"uniform sampler2D {name};\n" for name in SAMPLERS)
        sources = [(SHADERS / f"splats.{stage}.glsl").read_text(encoding="utf-8") for stage in ("vert", "frag")]
        program = context.program(SHARED + samplers + VERTEX + sources[0], SHARED + samplers + FRAGMENT + sources[1])
        for slot, name in enumerate(SAMPLERS):
            program[name] = slot
        corners = context.buffer(np.array([(-1, -1), (1, -1), (-1, 1), (1, 1)], np.float32))
        self.quad = context.vertex_array(program, [(corners, "2f", "corner")])
        self.eye = context.buffer(np.concatenate([eye.projection.T.ravel(), [*shape, terms, 0]]).astype(np.float32))
        self.eye.bind_to_uniform_block(0)
        self.picture = context.texture(shape, 4, dtype="f2")
        self.target = context.framebuffer([self.picture])
        context.enable(moderngl.BLEND)
        context.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA

    def give(self, name: str, texels: np.ndarray, half: bool = False) -> None:
        """Upload texels [rows, columns, channels] to the GPU."""
        rows, columns, channels = texels.shape
        data = np.ascontiguousarray(texels, np.float16 if half else np.float32)
        if name in self.textures:
            self.textures[name].release()
        self.textures[name] = self.context.texture((columns, rows), channels, data, dtype="f2" if half else "f4")

    def send(self, texels: Texels, appearances: np.ndarray) -> None:
        """Upload everything except the order."""
        self.give("shapes", texels.shapes)
        self.give("colors", texels.harmonics, half=True)
        self.give("places", appearances)

    def draw(self, count: int) -> None:
        """Draw the splats again."""
        self.target.use()
        self.target.clear()
        for slot, name in enumerate(SAMPLERS):
            self.textures[name].use(slot)
        self.quad.render(moderngl.TRIANGLE_STRIP, instances=count)


if __name__ == "__main__":
    main()
