# SPDX-License-Identifier: GPL-3.0-or-later
"""With the keyboard alone: every operator is in a menu that F3 searches, and says why it is grayed out."""

import ast
from pathlib import Path
from types import SimpleNamespace

import bpy
import pytest

import operators
from operators import engine
from operators.actions import files
from operators.interface import manual, menus
from operators.scene.splats import add_splats
from tests.operators import words

pytestmark = pytest.mark.usefixtures("registered")

OPERATORS = [kind for kind in operators.CLASSES if issubclass(kind, bpy.types.Operator)]


class Layout:
    """Notes what a menu offers, and looks into the menus below it."""

    def __init__(self) -> None:
        self.offered: set[str] = set()

    def operator(self, name: str, **_: object) -> SimpleNamespace:
        self.offered.add(name)
        return SimpleNamespace()

    def operator_menu_enum(self, name: str, *_: object) -> None:
        self.offered.add(name)

    def menu(self, name: str, **_: object) -> None:
        kind = next(kind for kind in operators.CLASSES if kind.__name__ == name)
        kind.draw(SimpleNamespace(layout=self), bpy.context)

    def separator(self) -> None:
        pass


def test_every_operator_is_in_a_menu_of_blenders():
    bpy.ops.wm.read_homefile(use_empty=True)
    bpy.context.view_layer.objects.active = add_splats("splats", engine.gaussians.allocate(1, 0))
    layout = Layout()
    drawn = SimpleNamespace(layout=layout)
    for _, entry in menus.ENTRIES:
        entry(drawn, bpy.context)
    files._import_entry(drawn, bpy.context)
    files._export_entries(drawn, bpy.context)
    public = {kind.bl_idname for kind in OPERATORS if "INTERNAL" not in getattr(kind, "bl_options", ())}
    assert {name for name in layout.offered if name.startswith("tttlrm.")} == public


def test_a_new_file_is_furnished_for_photos():
    bpy.ops.wm.read_homefile(filepath=str(menus.TEMPLATE))
    scene = bpy.context.scene
    assert not bpy.data.filepath and not bpy.data.objects and not bpy.data.is_dirty
    assert (scene.tttlrm.source.kind, scene.view_settings.view_transform, scene.render.engine) == ("FOLDER", "Standard", "CYCLES")
    (workspace,) = bpy.data.workspaces
    views = [area.spaces.active for area in workspace.screens[0].areas if area.type == "VIEW_3D"]
    assert [view.show_region_ui for view in views] == [True]


def test_blenders_menus_have_the_entries_until_the_end():
    drawn = {name: getattr(bpy.types, name) for name, _ in menus.ENTRIES}
    assert all(entry in drawn[name].draw._draw_funcs for name, entry in menus.ENTRIES)
    operators.unregister()
    assert not any(entry in drawn[name].draw._draw_funcs for name, entry in menus.ENTRIES)
    assert manual.pages not in bpy.utils._manual_map
    operators.register()


@pytest.mark.parametrize("file", words.interface_sources(), ids=lambda file: file.relative_to(words.ROOT).as_posix())
def test_who_refuses_says_why(file: Path):
    """A `poll` of an operator sets a message, or asks another one that does."""
    for kind in (node for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.ClassDef)):
        if "_OT_" in kind.name or kind.name.endswith("Operator"):
            for poll in (part for part in kind.body if isinstance(part, ast.FunctionDef) and part.name == "poll"):
                called = {ast.unparse(node.func) for node in ast.walk(poll) if isinstance(node, ast.Call)}
                assert called & {"cls.poll_message_set", "takes_objects"}, kind.name
