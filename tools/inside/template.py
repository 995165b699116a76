# SPDX-License-Identifier: GPL-3.0-or-later
"""Prepare an empty scene for photos and save it: blender --python tools/inside/template.py -- PLAN.json

`tools.template` writes the plan and starts this.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).parents[2]))

from tools.inside.driver import SETTLE, Journey, go, in_view, install, open_tab, plan

context: Any = bpy.context  # untyped: fake-bpy-module does not know which attributes exist in which area

WORKSPACE = "Layout"
SAMPLES = 16  # splats emit light and need few
SKY = (1.0, 1.0, 1.0, 1.0)  # even light for meshes


def furnish(extension: str, template: str) -> Journey:
    """Run all steps."""
    install(extension)
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    yield SETTLE
    clear()
    set_scene(context.scene)
    close_timeline()
    yield from open_tab("tttLRM")
    set_view()
    yield SETTLE
    bpy.ops.wm.save_as_mainfile(filepath=template, compress=True, copy=True)


def clear() -> None:
    """Delete all workspaces but one, and everything in the scene."""
    bpy.data.batch_remove([*bpy.data.objects, *bpy.data.meshes, *bpy.data.lights, *bpy.data.cameras, *bpy.data.materials])
    bpy.data.batch_remove([workspace for workspace in bpy.data.workspaces if workspace.name != WORKSPACE])
    bpy.ops.outliner.orphans_purge(do_recursive=True)


def set_scene(scene: Any) -> None:
    """Take photos from a folder, and keep their colors in renders."""
    scene.tttlrm.source.kind = "FOLDER"
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising = SAMPLES, False
    scene.view_settings.view_transform = "Standard"
    background = next(node for node in scene.world.node_tree.nodes if node.type == "BACKGROUND")
    background.inputs["Color"].default_value = SKY


def close_timeline() -> None:
    """Close the timeline, to leave its space to the 3D view."""
    window = context.window_manager.windows[0]
    timeline = next(area for area in window.screen.areas if area.type == "DOPESHEET_EDITOR")
    with context.temp_override(window=window, area=timeline):
        bpy.ops.screen.area_close()


def set_view() -> None:
    """Show textures of meshes, and hide the relationship lines from cameras to their parent."""
    with in_view():
        space = context.space_data
        space.shading.color_type = "TEXTURE"
        space.overlay.show_relationship_lines = False
        space.clip_start = 0.01


wanted = plan()
go(furnish(wanted["extension"], wanted["template"]))
