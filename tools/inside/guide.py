# SPDX-License-Identifier: GPL-3.0-or-later
"""The journey of the guide, in a real window: blender --python tools/inside/guide.py -- PLAN.json

`tools.guide` writes the plan and starts this. Every `shot` is a picture of docs/guide.md.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import bpy
from mathutils import Matrix, Vector

sys.path.insert(0, str(Path(__file__).parents[2]))

from tools.inside.driver import SETTLE, Journey, drawn, go, in_area, in_view, plan, show_menu
from tools.inside.person import MODULE, Person, ops

context: Any = bpy.context  # untyped: fake-bpy-module does not know which attributes exist in which area

TAB = "tttLRM"
PANELS = (  # panels of splats, in their order
    "splat_settings.TTTLRM_PT_refine",
    "splat_settings.TTTLRM_PT_decode",
    "edit.TTTLRM_PT_clean_up",
    "edit.TTTLRM_PT_edit",
    "splat_settings.TTTLRM_PT_mesh",
)
OPENED = ("splat_settings.TTTLRM_PT_decode", "edit.TTTLRM_PT_edit")
IN_FRONT = Matrix.LocRotScale(Vector((0, -6, 2)), Vector((0, -1, 0.2)).to_track_quat("Z", "Y"), None)
AHEAD = 4.0  # distance from a camera to the pivot of a view through it
ASIDE = Matrix.Rotation(-0.12, 4, "Y")  # because the sidebar covers the right
ZOOM = 0.9
GLANCE = 0.1  # seconds until Blender has drawn a preview; it never comes to rest
ENOUGH = 20.0  # seconds of a refinement that is ended early
LARGEST = 360  # pixels along the longest side of the render


class Guide(Person):
    """The journey with one photo set."""

    def __init__(self, wanted: dict[str, Any]) -> None:
        super().__init__(wanted)
        self.later = wanted["later"]

    def whole(self) -> Journey:
        """All steps."""
        for step in (self.setup, self.new, self.choose, self.reconstruct, self.decode, self.add_photos, self.refine):
            yield from step()
        for step in (self.edit, self.mesh, self.render, self.reopen, self.export):
            yield from step()

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
        self.look()
        self.press_reconstruct()
        yield lambda: self.shown("tttLRM preview") or not self.busy()
        for _ in range(2):  # splats are packed, then sorted
            yield GLANCE
            while self.sorting() and self.busy():
                yield GLANCE
        assert self.busy(), "there was no preview, or it disappeared too soon"
        self.picture("preview")
        yield from self.watch("refining", 0.7)
        assert self.splats.tttlrm.refined, "the machine is too busy: time was over before the splats were better than the draft"
        self.look()
        yield from self.shot("splats")

    def decode(self) -> Journey:
        """Move a slider; the splats follow."""
        settings = self.splats.tttlrm
        yield from scroll(13)
        settings.share, settings.decode.scale = 0.2, 0.6
        yield from self.shot("decode")
        settings.share, settings.decode.scale = 1.0, 1.0

    def add_photos(self) -> Journey:
        """Add more photos to the scene, whose splats are refined again."""
        files = [{"name": name} for name in self.later["names"]]
        with in_view():
            ops.extend("EXEC_DEFAULT", directory=self.later["folder"], files=files, poses=self.later["poses"])
        yield lambda: not self.busy()
        yield from self.shot("added")

    def refine(self) -> Journey:
        """Refine for longer, and press the button that ends this early."""
        before = self.splats.tttlrm.refine.quality
        self.splats.tttlrm.refine.quality = "best"
        with in_view():
            ops.refine("INVOKE_DEFAULT")
        yield lambda: self.refining(0.0) or not self.busy()
        yield ENOUGH
        assert self.busy(), "this was too quick to be ended early"
        ops.cancel()
        yield from self.watch("stopping")
        self.splats.tttlrm.refine.quality = before
        yield from self.shot("refined")

    def edit(self) -> Journey:
        """Select the faintest splats, and delete them."""
        yield from scroll(40)
        before = len(self.splats.data.points)
        with in_view():
            ops.select_opacity("EXEC_DEFAULT")
        yield from self.shot("selected")
        with in_view():
            ops.delete_splats("EXEC_DEFAULT")
        assert len(self.splats.data.points) < before

    def mesh(self) -> Journey:
        """Make a mesh, which replaces the splats in the view."""
        splats = self.splats
        with in_view():
            ops.mesh("INVOKE_DEFAULT")
        yield lambda: not self.busy()
        surface = next(obj for obj in context.scene.objects if obj.type == "MESH")
        yield from self.shot("mesh")
        surface.hide_set(True)
        surface.hide_render = True
        splats.hide_set(False)
        splats.hide_render = False

    def render(self) -> Journey:
        """Render the view of a camera."""
        scene = context.scene
        scene.camera = self.camera
        width, height = self.camera.data.background_images[0].image.size
        scene.render.resolution_x, scene.render.resolution_y = width, height
        scene.render.resolution_percentage = min(100, 100 * LARGEST // max(width, height))
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
        yield from self.shot("reopened")

    def export(self) -> Journey:
        """Write the splats to a file."""
        context.view_layer.objects.active = self.splats
        show_menu("TOPBAR_MT_file_export")
        yield from self.shot("export")
        with in_view():
            ops.export_splats("EXEC_DEFAULT", filepath=str(self.out / "splats.ply"))
        assert (self.out / "splats.ply").stat().st_size

    @property
    def camera(self) -> Any:
        """The first camera, if there is one."""
        return next((obj for obj in bpy.data.objects if obj.type == "CAMERA"), None)

    def expect_tab(self) -> None:
        """Check that the sidebar is open and shows the tab."""
        with in_view("UI"):
            assert context.region.active_panel_category == TAB

    def look(self) -> None:
        """Look at the scene from the first photo's position or, if that is unknown, from the front."""
        context.view_layer.update()  # a parent may have moved the camera just now
        if self.camera:
            self.camera.hide_set(True)  # its frame would cover the view
        with in_view():
            space, pose = context.space_data, self.first_pose() @ ASIDE
            space.lens = ZOOM * (self.camera.data.lens if self.camera else space.lens)
            space.region_3d.view_perspective = "PERSP"
            space.region_3d.view_rotation, space.region_3d.view_distance = pose.to_quaternion(), AHEAD
            space.region_3d.view_location = pose @ Vector((0, 0, -AHEAD))

    def first_pose(self) -> Matrix:
        """The pose of the first camera in the scene, or beside the photos (which has Blender's axes)."""
        file = self.photos / "transforms.json"
        if self.camera:
            return self.camera.matrix_world
        return Matrix(json.loads(file.read_text())["frames"][0]["transform_matrix"]) if file.exists() else IN_FRONT


def open_panels() -> None:
    """Open panels as a person would; scripts can only do so before panels are first drawn."""
    kinds = {name: _panel(*name.split(".")) for name in PANELS}
    for kind in kinds.values():
        bpy.utils.unregister_class(kind)
    for name, kind in kinds.items():
        if name in OPENED:
            kind.bl_options = set()
        bpy.utils.register_class(kind)


def _panel(file: str, name: str) -> Any:
    return getattr(import_module(f"{MODULE}.operators.interface.{file}"), name)


def scroll(steps: int) -> Journey:
    """Turn the mouse wheel over the sidebar."""
    yield from drawn()
    with in_view("UI"):
        for _ in range(steps):
            bpy.ops.view2d.scroll_down()


go(Guide(plan()).whole())
