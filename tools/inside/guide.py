# SPDX-License-Identifier: GPL-3.0-or-later
"""The journey of the guide, in a real window: blender --python tools/inside/guide.py -- PLAN.json

`tools.guide` writes the plan and starts this. Every `shot` is a picture of docs/guide.md.
"""

from __future__ import annotations

import json
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).parents[2]))

from tools.inside.driver import SETTLE, Journey, drawn, go, in_area, in_view, plan, show_menu
from tools.inside.person import MODULE, Person, ops

context: Any = bpy.context  # untyped: fake-bpy-module does not know which attributes exist in which area

TAB = "tttLRM"
OPENED = ("splat_settings.TTTLRM_PT_decode", "edit.TTTLRM_PT_edit")  # panels that are closed at first
LOOK, COMPARE, CLEAN_UP, EDIT = 12, 18, 24, 29  # turns of the mouse wheel, from the top of the sidebar to a panel
TOP = 200  # turns, from anywhere
ASIDE, AWAY = 0.35, 1.3  # radians around the subject, and times the distance at which it is framed, for a look at its region
GLANCE = 0.1  # seconds until Blender has drawn a preview; it never comes to rest
ENOUGH = 20.0  # seconds of a refinement that is ended early
LARGEST = 640  # pixels along the longest side of the render


class Guide(Person):
    """The journey with one photo set."""

    def __init__(self, wanted: dict[str, Any]) -> None:
        super().__init__(wanted)
        self.later = wanted["later"]
        self.figures: dict[str, Any] = {}  # for the guide's text

    def whole(self) -> Journey:
        """All steps."""
        for step in (self.setup, self.new, self.choose, self.reconstruct, self.compare, self.look, self.add_photos):
            yield from step()
        for step in (self.refine, self.clean_up, self.edit, self.mesh, self.render, self.reopen, self.export):
            yield from step()
        (self.out / "figures.json").write_text(json.dumps(self.figures, indent=1))

    def setup(self) -> Journey:
        """Install the extension; its preferences offer to set up the worker, but here one is running already."""
        self.install()
        open_panels()
        with in_view():
            area = context.area
            area.type = "PREFERENCES"
            context.preferences.active_section = "ADDONS"
            context.window_manager.addon_search = TAB
            bpy.ops.preferences.addon_expand(module=MODULE)
        yield from self.shot("setup")
        area.type = "VIEW_3D"
        self.reach_worker()

    def new(self) -> Journey:
        """Open the scene prepared for photos, with the tab open."""
        show_menu("TOPBAR_MT_file_new")
        yield from self.shot("new")
        self.open_scene()
        yield from self.shot("start")
        self.expect_tab()

    def choose(self) -> Journey:
        """Choose the folder of photos; its thumbnails appear."""
        self.choose_photos()
        yield 4.0
        yield from self.shot("photos")

    def reconstruct(self) -> Journey:
        """Press the button; splats appear while the worker is still reading, and sharpen."""
        self.press_reconstruct()
        began = time.monotonic()
        yield lambda: self.sees_splats() or not self.busy()
        for _ in range(2):  # splats are packed, then sorted
            yield GLANCE
            while self.sorting() and self.busy():
                yield GLANCE
        assert self.busy(), "there was no preview, or it disappeared too soon"
        self.figures["first seconds"] = round(time.monotonic() - began)
        self.picture("preview")
        yield from self.watch("refining", 0.7)
        assert self.splats.tttlrm.refined, "the machine is too busy: time was over before the splats were better than the draft"
        self.count("reconstructed", began)
        yield from self.shot("splats")

    def compare(self) -> Journey:
        """Wipe between splats and photo, in the view through the photo's camera."""
        yield from scroll(COMPARE)
        with in_view():
            ops.compare("EXEC_DEFAULT", mode="WIPE")
        yield from self.shot("compare")
        with in_view():
            ops.compare("EXEC_DEFAULT", mode="OFF")

    def look(self) -> Journey:
        """Move a slider; the splats follow."""
        settings = self.splats.tttlrm
        yield from scroll(LOOK)
        settings.share, settings.decode.scale = 0.5, 0.5
        yield from self.shot("look")
        settings.share, settings.decode.scale = 1.0, 1.0
        yield from scroll(0)

    def add_photos(self) -> Journey:
        """Add more photos to the scene, whose splats are refined again."""
        files = [{"name": name} for name in self.later["names"]]
        with in_view():
            ops.extend("EXEC_DEFAULT", directory=self.later["folder"], files=files, poses=self.later["poses"])
        began = time.monotonic()
        yield lambda: not self.busy()
        self.count("added", began)
        yield from self.shot("added")

    def refine(self) -> Journey:
        """Refine for longer, and press the button that ends this early."""
        before = self.splats.tttlrm.refine.quality
        self.splats.tttlrm.refine.quality = "best"
        with in_view():
            ops.refine("INVOKE_DEFAULT")
        began = time.monotonic()
        yield lambda: self.refining(0.0) or not self.busy()
        yield ENOUGH
        assert self.busy(), "this was too quick to be ended early"
        ops.cancel()
        yield from self.watch("stopping")
        self.splats.tttlrm.refine.quality = before
        self.count("refined", began)
        yield from self.shot("refined")

    def clean_up(self) -> Journey:
        """Press Clean Up, and step back to see the region with its handles."""
        before = len(self.splats.data.points)
        with in_view():
            ops.clean_up("EXEC_DEFAULT")
            context.region_data.view_perspective = "PERSP"
            ops.view_splats("EXEC_DEFAULT")
        yield SETTLE
        with in_view():
            bpy.ops.view3d.view_orbit(angle=ASIDE, type="ORBITLEFT")
            context.region_data.view_distance *= AWAY
        yield from scroll(CLEAN_UP)
        yield from self.shot("cleaned")
        assert len(self.splats.data.points) == before

    def edit(self) -> Journey:
        """Select the faintest splats."""
        yield from scroll(EDIT)
        with in_view():
            ops.select_opacity("EXEC_DEFAULT")
        yield from self.shot("selected")
        with in_view():
            ops.select_all("EXEC_DEFAULT", action="DESELECT")

    def mesh(self) -> Journey:
        """Make a mesh, which replaces the splats in the view."""
        splats = self.splats
        with in_view():
            ops.mesh("INVOKE_DEFAULT")
        began = time.monotonic()
        yield lambda: not self.busy()
        self.count("meshed", began)
        surface = next(obj for obj in context.scene.objects if obj.type == "MESH")
        yield from self.shot("mesh")
        surface.hide_set(True)
        surface.hide_render = True
        splats.hide_set(False)
        splats.hide_render = False

    def render(self) -> Journey:
        """Render what the camera of the scene sees, which the reconstruction has chosen."""
        scene = context.scene
        assert scene.camera
        longest = max(scene.render.resolution_x, scene.render.resolution_y)
        scene.render.resolution_percentage = min(100, 100 * LARGEST // longest)
        scene.render.filepath = str(self.out / "render.png")
        bpy.ops.render.render(write_still=True)
        with in_view():
            area = context.area
        area.type = "IMAGE_EDITOR"
        area.spaces.active.image = bpy.data.images["Render Result"]
        yield from drawn()
        with in_area("IMAGE_EDITOR"):
            bpy.ops.image.view_all(fit_view=True)
        yield from self.shot("render")
        area.type = "VIEW_3D"

    def reopen(self) -> Journey:
        """Save and reopen the file; the splats keep their settings."""
        file = str(self.out / "guide.blend")
        before = len(self.splats.data.points), self.splats.tttlrm.session
        bpy.ops.wm.save_as_mainfile(filepath=file)
        bpy.ops.wm.open_mainfile(filepath=file)
        yield 2 * SETTLE
        assert (len(self.splats.data.points), self.splats.tttlrm.session) == before
        self.expect_tab()

    def export(self) -> Journey:
        """Write the splats to a file."""
        context.view_layer.objects.active = self.splats
        show_menu("TOPBAR_MT_file_export")
        yield from self.shot("export")
        with in_view():
            ops.export_splats("EXEC_DEFAULT", filepath=str(self.out / "splats.ply"))
        assert (self.out / "splats.ply").stat().st_size

    def count(self, job: str, began: float) -> None:
        """Note how long a job took, and what the splats are after it."""
        own, splats = self.splats.tttlrm, len(self.splats.data.points)
        seconds = round(time.monotonic() - began)
        self.figures[job] = {"seconds": seconds, "splats": splats, "steps": own.steps, "psnr": round(own.psnr, 1)}

    def expect_tab(self) -> None:
        """Check that the sidebar is open and shows the tab."""
        with in_view("UI"):
            assert context.region.active_panel_category == TAB


def open_panels() -> None:
    """Open panels as a person would; scripts can only do so before panels are first drawn."""
    for name in OPENED:
        kind = _panel(*name.split("."))
        bpy.utils.unregister_class(kind)
        kind.bl_options = set()
        bpy.utils.register_class(kind)


def _panel(file: str, name: str) -> Any:
    return getattr(import_module(f"{MODULE}.operators.interface.{file}"), name)


def scroll(turns: int) -> Journey:
    """Turn the mouse wheel over the sidebar, so many times from its top."""
    yield from drawn()
    with in_view("UI"):
        for _ in range(TOP):
            bpy.ops.view2d.scroll_up()
        for _ in range(turns):
            bpy.ops.view2d.scroll_down()


go(Guide(plan()).whole())
