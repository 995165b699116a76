# SPDX-License-Identifier: GPL-3.0-or-later
"""Time Blender's main thread during each kind of edit of a million splats.

python -m benchmarks.edit_splats [--splats 1000000] [--runs 3]

Needs the bpy module.
"""

from __future__ import annotations

import argparse
import contextlib
import io
from collections.abc import Iterator
from functools import partial
from typing import Any

import bpy
import numpy as np

from benchmarks.splats import on_a_sphere
from benchmarks.table import Row, best, show
from operators import properties
from operators.actions import edit
from operators.scene import masks
from operators.scene.splats import add_splats
from tttlrm_blender.gaussians.gaussians import Gaussians

UNEVEN = "apply_transform, scale (1, 2, 3)"
RUNS: dict[str, dict[str, Any]] = {
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
    "apply_transform": {},
    UNEVEN: {},
    "align_ground": {},
    "set_scale": {"first": (0, 0, 0), "second": (1, 0, 0), "distance": 2.0},
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--splats", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    properties.register()
    for kind in edit.CLASSES:
        bpy.utils.register_class(kind)
    show(rows(on_a_sphere(options.splats), options.runs))


def rows(cloud: Gaussians, runs: int) -> Iterator[Row]:
    """Each operator, with a new scene for every run."""
    for name, options in RUNS.items():
        work = partial(edited, name.partition(",")[0], options)
        yield Row(name, *best(work, runs, before=partial(prepare, cloud, name)))


def prepare(cloud: Gaussians, name: str) -> None:
    """Make a new scene with the splats, every other one selected, a camera and a box, without the modifier that draws splats."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    obj = add_splats("splats", cloud)
    obj.modifiers.clear()
    obj.rotation_euler, obj.scale = (1, 2, 3), (1, 2, 3) if name == UNEVEN else (2, 2, 2)
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    camera.location = (0, 0, 5)
    box = bpy.data.objects.new("box", None)
    box.empty_display_size = 0.8
    for each in (camera, box):
        bpy.context.collection.objects.link(each)
    bpy.context.scene.camera = camera
    bpy.context.view_layer.objects.active = obj
    obj.select_set(True)
    masks.select(obj, np.arange(len(cloud)) % 2 == 0)
    if name == "join_splats":
        add_another(cloud)
    bpy.context.view_layer.update()


def add_another(cloud: Gaussians) -> None:
    """Add a rotated object with as many splats."""
    other = add_splats("other", cloud)
    other.modifiers.clear()
    other.rotation_euler = (1, 2, 3)
    other.select_set(True)


def edited(operator: str, options: dict[str, Any]) -> None:
    """Run an operator. A sphere has no ground, so `align_ground` fails: its search is what counts."""
    in_vain = [RuntimeError] if operator == "align_ground" else []
    with contextlib.suppress(*in_vain), contextlib.redirect_stdout(io.StringIO()):
        getattr(bpy.ops.tttlrm, operator)(**options)


if __name__ == "__main__":
    main()
