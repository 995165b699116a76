# SPDX-License-Identifier: GPL-3.0-or-later
"""From photos to splats and out again, in a real window: blender --python tools/guide/journey.py -- PLAN.json

`tools.guide` writes the plan and starts this.
"""

from __future__ import annotations

import json
import math
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import bpy
from mathutils import Vector

sys.path.insert(0, str(Path(__file__).parents[2]))

from tools.guide.driver import Journey, go, in_view, one_large_view, picture

MODULE = "bl_ext.user_default.tttlrm"
ops = bpy.ops.tttlrm


class Guide:
    """The journey over one photo set."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.extension, self.worker = plan["extension"], plan["worker"]
        self.photos, self.later = Path(plan["photos"]), plan["later"]
        self.out, self.refine = Path(plan["out"]), plan["refine"]
        self.count = 0

    def whole(self) -> Journey:
        """All steps."""
        for step in (self.start, self.source, self.reconstruct, self.decode, self.add_photos, self.sharpen, self.edit):
            yield from step()
        for step in (self.mesh, self.render, self.reopen, self.export):
            yield from step()

    def start(self) -> Journey:
        """Install the extension, name the worker, and open the tab."""
        bpy.ops.extensions.package_install_files(filepath=self.extension, repo="user_default", enable_on_install=True)
        preferences = bpy.context.preferences.addons[MODULE].preferences
        for name, value in self.worker.items():
            setattr(preferences, name, value)
        bpy.ops.object.select_all(action="SELECT")
        bpy.ops.object.delete()
        yield from one_large_view("tttLRM")
        yield from self.shot("start")

    def source(self) -> Journey:
        """Name the folder of photos; its thumbnails appear."""
        bpy.context.scene.tttlrm.source.kind = "FOLDER"
        with in_view():
            ops.choose_folder("EXEC_DEFAULT", directory=str(self.photos))
        yield 4.0
        yield from self.shot("source")

    def reconstruct(self) -> Journey:
        """Press the button; splats appear while the worker still reads."""
        with in_view():
            ops.reconstruct("INVOKE_DEFAULT")
        yield lambda: self.shown("tttLRM preview") or not self.busy()
        self.look_from_a_camera()
        yield from self.shot("preview")
        yield lambda: not self.busy()
        self.look_from_a_camera()
        yield from self.shot("splats")

    def decode(self) -> Journey:
        """Move a slider; the splats follow."""
        before = len(self.splats.data.points)
        self.splats.tttlrm.decode.keep = 0.08
        self.splats.tttlrm.decode.scale = 0.6
        with in_view():
            ops.decode("INVOKE_DEFAULT")
        yield lambda: not self.busy() and len(self.splats.data.points) != before
        yield from self.shot("decode")
        self.splats.tttlrm.decode.keep, self.splats.tttlrm.decode.scale = 0.0, 1.0

    def add_photos(self) -> Journey:
        """Photos that came later go into the same scene."""
        files = [{"name": name} for name in self.later["names"]]
        with in_view():
            ops.extend("EXEC_DEFAULT", directory=self.later["folder"], files=files, poses=self.later["poses"])
        yield lambda: not self.busy()
        yield from self.shot("added")

    def sharpen(self) -> Journey:
        """Refine against all photos."""
        self.splats.tttlrm.refine.steps = self.refine
        with in_view():
            ops.refine("INVOKE_DEFAULT")
        yield 12.0
        yield from self.shot("refining")
        yield lambda: not self.busy()
        yield from self.shot("refined")

    def edit(self) -> Journey:
        """Select what flies about, and delete it."""
        with in_view():
            ops.select_opacity("EXEC_DEFAULT")
        yield from self.shot("selected")
        with in_view():
            ops.delete_splats("EXEC_DEFAULT")
        yield from self.shot("deleted")

    def mesh(self) -> Journey:
        """Make a surface, and show it in place of the splats."""
        splats = self.splats
        with in_view():
            ops.mesh("INVOKE_DEFAULT")
        yield lambda: not self.busy()
        surface = next(obj for obj in bpy.data.objects if obj.type == "MESH")
        surface.hide_set(False)
        splats.hide_set(True)
        yield from self.shot("mesh")
        surface.hide_set(True)
        surface.hide_render = True
        splats.hide_set(False)

    def render(self) -> Journey:
        """Render what a camera sees."""
        scene = bpy.context.scene
        scene.camera = next(obj for obj in bpy.data.objects if obj.type == "CAMERA")
        scene.render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", 8, False
        scene.render.resolution_percentage = 100
        scene.render.resolution_x, scene.render.resolution_y = 400, 400
        scene.render.filepath = str(self.out / "render.png")
        bpy.ops.render.render(write_still=True)
        yield 0.5

    def reopen(self) -> Journey:
        """Save and open again; the splats are there, with their settings."""
        file = str(self.out / "guide.blend")
        before = len(self.splats.data.points), self.splats.tttlrm.session
        bpy.ops.wm.save_as_mainfile(filepath=file)
        bpy.ops.wm.open_mainfile(filepath=file)
        yield 3.0
        assert (len(self.splats.data.points), self.splats.tttlrm.session) == before
        yield from one_large_view("tttLRM")
        yield from self.shot("reopened")

    def export(self) -> Journey:
        """Write the splats to a file."""
        with in_view():
            bpy.context.view_layer.objects.active = self.splats
            ops.export_splats("EXEC_DEFAULT", filepath=str(self.out / "splats.ply"))
        assert (self.out / "splats.ply").stat().st_size
        yield 0.5

    @property
    def splats(self) -> bpy.types.Object:
        """The splat object."""
        return next(obj for obj in bpy.data.objects if obj.type == "POINTCLOUD" and obj.tttlrm.session)

    def busy(self) -> bool:
        """Whether a job is at work."""
        return import_module(f"{MODULE}.operators.activity").current is not None

    def shown(self, name: str) -> bool:
        """Whether there is an object whose name begins so."""
        return any(obj.name.startswith(name) for obj in bpy.data.objects)

    def look_from_a_camera(self) -> None:
        """Look at the splats from where a photo was taken, or else from the side and above."""
        camera = next((obj for obj in bpy.data.objects if obj.type == "CAMERA"), None)
        with in_view():
            view = bpy.context.space_data.region_3d
            view.view_perspective = "PERSP"
            if camera:
                bpy.context.space_data.lens = camera.data.lens
                matrix = camera.matrix_world
                view.view_rotation = matrix.to_quaternion()
                view.view_distance = 4.0
                view.view_location = matrix @ Vector((0, 0, -4.0))
            else:
                view.view_rotation = Vector((1, -1, 0.5)).to_track_quat("Z", "Y")
                view.view_location, view.view_distance = (0, 0, 0.4), 4 / math.sqrt(2)

    def shot(self, name: str) -> Journey:
        """A numbered picture of the screen."""
        self.count += 1
        yield from picture(self.out / f"{self.count:02d}_{name}.png")


def main(arguments: list[str]) -> None:
    """Go."""
    plan = json.loads(Path(arguments[0]).read_text())
    go(Guide(plan).whole())


main(sys.argv[sys.argv.index("--") + 1 :])
