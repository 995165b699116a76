# SPDX-License-Identifier: GPL-3.0-or-later
"""With the keyboard alone: every operator is in a menu that F3 searches, says why it is grey, and has a page for F1."""

import ast
from pathlib import Path
from types import SimpleNamespace

import bpy
import pytest
from bl_operators.wm import WM_OT_doc_view_manual

import operators
from operators import engine, properties
from operators.actions import files
from operators.interface import manual, menus
from operators.scene.splats import add_splats
from tests.operators import words
from tools.pages import anchors

pytestmark = pytest.mark.usefixtures("registered")

DOCS = words.HOUSE / "docs"
OPERATORS = [kind for kind in operators.CLASSES if issubclass(kind, bpy.types.Operator)]
HOLDERS = (bpy.types.AddonPreferences, bpy.types.PropertyGroup)
GROUPS = [kind for kind in (*properties.CLASSES, *operators.CLASSES) if issubclass(kind, HOLDERS)]


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


@pytest.mark.parametrize("file", words.interface_sources(), ids=lambda file: file.relative_to(words.HOUSE).as_posix())
def test_who_refuses_says_why(file: Path):
    """A `poll` of an operator sets a message, or asks another one that does."""
    for kind in (node for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.ClassDef)):
        if "_OT_" in kind.name or kind.name.endswith("Operator"):
            for poll in (part for part in kind.body if isinstance(part, ast.FunctionDef) and part.name == "poll"):
                called = {ast.unparse(node.func) for node in ast.walk(poll) if isinstance(node, ast.Call)}
                assert "cls.poll_message_set" in called, kind.name


def page_of(identifier: str) -> str:
    """What F1 opens."""
    address = WM_OT_doc_view_manual._lookup_rna_url(identifier, verbose=False)
    assert address is not None and address.startswith(manual.ADDRESS), identifier
    return address.removeprefix(manual.ADDRESS)


def identifiers() -> list[str]:
    """Of all operators, whose properties Blender takes for them, and of all other properties."""
    groups = [(kind.__name__, prop.identifier) for kind in GROUPS for prop in words.own_properties(kind)]
    return [*(f"bpy.ops.{kind.bl_idname}" for kind in OPERATORS), *(f"bpy.types.{name}.{prop}" for name, prop in groups)]


def test_f1_opens_a_page_that_exists():
    headings = {f"{file.stem}.html": anchors(file.read_text("utf-8")) for file in DOCS.glob("*.md")}
    for page, _, heading in (page_of(identifier).partition("#") for identifier in identifiers()):
        assert heading in headings[page], f"{page}#{heading}"


def test_no_page_is_named_in_vain():
    """Every line of the map is the first that fits something."""
    patterns = manual.pages()[1]
    used = {next(number for number, (pattern, page) in enumerate(patterns) if _fits(name, pattern)) for name in identifiers()}
    assert [patterns[number] for number in set(range(len(patterns))) - used] == []


def _fits(identifier: str, pattern: str) -> bool:
    return WM_OT_doc_view_manual._find_reference(identifier, ((pattern, "page"),), verbose=False) is not None
