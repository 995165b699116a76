# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of benchmarks/overlay.py that needs bpy: writes images of the overlay and of Cycles, [H, W, 3] sRGB, as .npy files."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import bpy
import numpy as np

from operators.scene.cameras import add_cameras, look_through
from operators.scene.drawing import blend_as_trained, drawn_by_blender
from operators.scene.splats import add_splats
from operators.viewport import canvas
from tests.operators.viewport import gpu_process
from tttlrm_blender.gaussians.formats.registry import read_splats
from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.protocol.results import CameraTable


def main(splats: str, folder: Path, samples: int) -> None:
    """Render all images; a Blender that draws splats itself has no overlay and no Blend as Trained."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    gpu_process.begin()
    arrays = np.load(folder / "camera.npz")
    cameras = Cameras(*(arrays[part] for part in ("c2w", "intrinsics", "sizes")))
    size = (int(cameras.sizes[0][0]), int(cameras.sizes[0][1]))
    obj = add_splats("splats", read_splats(splats))
    if not drawn_by_blender():
        draw_overlay(folder / "overlay.npy", cameras, size)
    if samples:
        views = CameraTable(["view"], cameras.c2w, cameras.intrinsics, cameras.sizes)
        look_through(bpy.context.scene, add_cameras(views, {}, bpy.context.collection)[0], size)
        render(folder / "cycles.npy", "Standard", samples)
    if samples and not drawn_by_blender():
        blend_as_trained(obj, True)
        render(folder / "cycles_trained.npy", "Raw", samples)


def draw_overlay(path: Path, cameras: Cameras, size: tuple[int, int]) -> None:
    """Write one image of the overlay."""
    started = time.perf_counter()
    picture, _ = gpu_process.draw_overlay(gpu_process.eye_of(cameras), size)
    canvas.forget()
    np.save(path, picture[..., :3])
    print(f"overlay {time.perf_counter() - started:.1f} s, Blender {bpy.app.version_string}")


def render(path: Path, view_transform: str, samples: int) -> None:
    """Write one image of Cycles, on black."""
    started, scene = time.perf_counter(), bpy.context.scene
    scene.render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", samples, False
    scene.view_settings.view_transform = view_transform
    scene.render.image_settings.color_depth = "8"  # deeper files would be read in linear light
    scene.render.filepath = str(path.with_suffix(".png"))
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(scene.render.filepath)
    pixels = np.empty((image.size[1], image.size[0], 4), dtype=np.float32)
    image.pixels.foreach_get(pixels.ravel())
    np.save(path, pixels[::-1, :, :3])
    print(f"{path.stem} {time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
