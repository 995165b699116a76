# SPDX-License-Identifier: GPL-3.0-or-later
"""How long Blender's main thread is busy with each way of editing a million splats: python -m benchmarks.edit_splats [COUNT]."""

import contextlib
import io
import sys
from time import perf_counter

import bpy
import numpy as np

from operators import properties
from operators.actions import edit
from operators.scene import masks
from operators.scene.splats import add_splats
from tttlrm_blender.gaussians.gaussians import Gaussians


def splats(count: int) -> Gaussians:
    """Random ones about a sphere, where scenes have surfaces."""
    random = np.random.default_rng(0)
    means, quats = random.normal(size=(count, 3)), random.normal(size=(count, 4))
    means *= (1 + 0.02 * random.normal(size=(count, 1))) / np.linalg.norm(means, axis=1, keepdims=True)
    quats /= np.linalg.norm(quats, axis=1, keepdims=True)
    arrays = (
        means,
        quats,
        random.uniform(0.001, 0.02, (count, 3)),
        random.uniform(size=count),
        random.normal(size=(count, 16, 3)) * 0.2,
    )
    return Gaussians(*(array.astype(np.float32) for array in arrays))


def scene(cloud: Gaussians) -> bpy.types.Object:
    """A new scene with the splats, every other one selected, and a camera. The modifier that draws is another matter."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    obj = add_splats("splats", cloud)
    obj.modifiers.clear()
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    camera.location = (0, 0, 5)
    bpy.context.collection.objects.link(camera)
    bpy.context.scene.camera = camera
    bpy.context.view_layer.objects.active = obj
    obj.select_set(True)
    masks.select(obj, np.arange(len(cloud)) % 2 == 0)
    return obj


def joined(cloud: Gaussians) -> None:
    """Another object of the same size beside the first, turned."""
    other = add_splats("other", cloud)
    other.modifiers.clear()
    other.rotation_euler = (1, 2, 3)
    other.select_set(True)


def main(count: int) -> None:
    """Print the best of three for every operator."""
    properties.register()
    for kind in edit.CLASSES:
        bpy.utils.register_class(kind)
    cloud = splats(count)
    runs = {
        "select_all": {},
        "select_box": {"xmin": 0, "ymin": 0, "xmax": 960, "ymax": 540},
        "select_brush": {"path": [{"name": "", "mouse": (960, 540), "radius": 200, "flip": False}]},
        "select_color": {},
        "select_size": {},
        "select_opacity": {},
        "select_distance": {},
        "select_inside": {"object": "box"},
        "select_floaters": {},
        "delete_splats": {},
        "hide_splats": {},
        "separate_splats": {},
        "join_splats": {},
        "crop_splats": {"object": "box"},
        "apply_transform": {},
        "apply_transform, scale (1, 2, 3)": {},
        "align_ground": {},
        "set_scale": {"first": (0, 0, 0), "second": (1, 0, 0), "distance": 2.0},
    }
    for name, options in runs.items():
        best = np.inf
        for _ in range(3):
            obj = scene(cloud)
            obj.rotation_euler, obj.scale = (1, 2, 3), (1, 2, 3) if "scale (" in name else (2, 2, 2)
            volume = bpy.data.objects.new("box", None)
            volume.empty_display_size = 0.8
            bpy.context.collection.objects.link(volume)
            if name == "join_splats":
                joined(cloud)
            bpy.context.view_layer.update()
            start = perf_counter()
            with (
                contextlib.suppress(RuntimeError),
                contextlib.redirect_stdout(io.StringIO()),
            ):  # a sphere has no ground: the search counts
                getattr(bpy.ops.tttlrm, name.partition(",")[0])(**options)
            best = min(best, perf_counter() - start)
        print(f"{name:36}{best * 1000:8.0f} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 1_000_000)
