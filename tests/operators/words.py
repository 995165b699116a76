# SPDX-License-Identifier: GPL-3.0-or-later
"""Every English text that Blender's interface can show of ours: from what is registered, and from the sources."""

import ast
from collections.abc import Iterator
from pathlib import Path

HOUSE = Path(__file__).parents[2]
ENGLISH = {"headless", "presets"}  # rooms of `operators` without an interface
MARKED = {
    "shown": 0,
    "told": 0,
    "pgettext_n": 0,
    "pgettext_tip": 0,
    "poll_message_set": 0,
    "report": 1,
}  # which argument is a text


def registered() -> Iterator[str]:
    """Names and descriptions of registered classes, their properties and the items of these."""
    import operators
    from operators import properties

    for kind in (*properties.CLASSES, *operators.CLASSES):
        yield from _of_class(kind)
        for prop in own_properties(kind):
            yield from ([] if prop.name == prop.identifier else [prop.name])
            yield prop.description
            for item in getattr(prop, "enum_items", ()):
                yield from (item.name, item.description)


def _of_class(kind: type) -> Iterator[str]:
    import bpy

    yield getattr(kind, "bl_label", "")
    if issubclass(kind, bpy.types.Operator | bpy.types.Menu):  # Blender takes what is written there for a tooltip
        yield getattr(kind, "bl_description", "") or kind.__doc__
    elif issubclass(kind, bpy.types.Panel):
        yield getattr(kind, "bl_description", "")


def own_properties(kind: type) -> list:
    """The properties of a registered class that it does not have from Blender."""
    import bpy

    if issubclass(kind, bpy.types.Operator):
        rna = getattr(bpy.ops.tttlrm, kind.bl_idname.partition(".")[2]).get_rna_type()
    else:
        rna = kind.bl_rna
    ours = [base for base in kind.__mro__ if "operators" in base.__module__.split(".")]
    names = dict.fromkeys(name for base in ours for name in vars(base).get("__annotations__", {}))
    return [rna.properties[name] for name in names if name in rna.properties and not name.startswith("bl_")]


def interface_sources() -> list[Path]:
    """The files of `operators` that have to do with the interface."""
    files = sorted((HOUSE / "operators").rglob("*.py"))
    return [file for file in files if not ENGLISH & set(file.relative_to(HOUSE / "operators").parts)]


def calls(file: Path) -> Iterator[tuple[str, ast.Call]]:
    """All calls in a file, with the last part of what is called."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            yield getattr(node.func, "attr", getattr(node.func, "id", "")), node


def texts(file: Path) -> Iterator[ast.expr]:
    """The expressions in a file that are shown: of labels and buttons, reports, polls, and what is marked as a text."""
    for name, call in calls(file):
        if len(call.args) > MARKED.get(name, len(call.args)):
            yield call.args[MARKED[name]]
        yield from (keyword.value for keyword in call.keywords if keyword.arg == "text")


def constants(text: ast.expr) -> list[str]:
    """What an expression can be, as far as it is written there."""
    if isinstance(text, ast.IfExp):
        return constants(text.body) + constants(text.orelse)
    return [text.value] if isinstance(text, ast.Constant) and isinstance(text.value, str) else []


def written() -> Iterator[str]:
    """The texts in the sources."""
    for file in interface_sources():
        yield from (text for expression in texts(file) for text in constants(expression))


def all_texts() -> list[str]:
    """Each once, with letters in it."""
    found = dict.fromkeys([*registered(), *written()])
    return [text for text in found if any(map(str.isalpha, text.replace("{:,}", "")))]
