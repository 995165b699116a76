# SPDX-License-Identifier: GPL-3.0-or-later
"""F1 opens a page for every operator and property."""

import bpy
import pytest
from bl_operators.wm import WM_OT_doc_view_manual

import operators
from operators import properties
from operators.interface import manual
from tests.operators import words
from tools.pages import anchors

pytestmark = pytest.mark.usefixtures("registered")

DOCS = words.ROOT / "docs"
OPERATORS = [kind for kind in operators.CLASSES if issubclass(kind, bpy.types.Operator)]
HOLDERS = (bpy.types.AddonPreferences, bpy.types.PropertyGroup)
GROUPS = [kind for kind in (*properties.CLASSES, *operators.CLASSES) if issubclass(kind, HOLDERS)]


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
