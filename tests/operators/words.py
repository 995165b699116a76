# SPDX-License-Identifier: GPL-3.0-or-later
"""Every English text that Blender's interface can show of ours: from what is registered, and from sources, the engine's too."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tttlrm_blender.errors import FIELD

ROOT = Path(__file__).parents[2]
ENGLISH = {"headless", "presets"}  # rooms of `operators` without an interface
UNHEARD = {"commands", "train"}  # rooms of the engine of which Blender hears nothing
MARKED = {"pgettext_n": 0, "pgettext_tip": 0, "poll_message_set": 0, "report": 1}  # which argument of Blender's is a text


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
    files = sorted((ROOT / "operators").rglob("*.py"))
    return [file for file in files if not ENGLISH & set(file.relative_to(ROOT / "operators").parts)]


def calls(file: Path) -> Iterator[tuple[str, ast.Call]]:
    """All calls in a file, with the last part of what is called."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            yield called(node), node


def called(call: ast.Call) -> str:
    """The last part of what is called."""
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def texts(file: Path) -> Iterator[ast.expr]:
    """The expressions in a file of `operators` that are shown: of labels and buttons, reports, polls, and templates."""
    for name, call in calls(file):
        if len(call.args) > MARKED.get(name, len(call.args)):
            yield call.args[MARKED[name]]
        yield from (keyword.value for keyword in call.keywords if keyword.arg == "text")
    yield from templates(file)


def templates(file: Path) -> Iterator[ast.expr]:
    """The templates of errors, notes, hints and other texts in a file: arguments of that name, and the variables given there."""
    found = list(_given_templates(file))
    names = {part.id for template in found for part in alternatives(template) if isinstance(part, ast.Name)}
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Assign) and names & {getattr(target, "id", "") for target in node.targets}:
            found.append(node.value)
    return iter(found)


def _given_templates(file: Path) -> Iterator[ast.expr]:
    takers = {name: place for name, (place, _) in template_takers(file).items()}
    for name, call in calls(file):
        if len(call.args) > takers.get(name, len(call.args)):
            yield call.args[takers[name]]
        yield from (keyword.value for keyword in call.keywords if keyword.arg == "hint")
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef):
            named = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
            yield from (default for arg, default in named if arg.arg == "hint" and default)


def template_takers(file: Path) -> dict[str, tuple[int, bool]]:
    """What a file can call with a `template`: the place of that argument, and whether what follows fills it.

    Private functions count in their own files only.
    """
    return _takers(file, private=True) | {
        name: taker for each in [*interface_sources(), *engine_sources()] for name, taker in _takers(each, private=False).items()
    }


@cache
def _takers(file: Path, private: bool) -> dict[str, tuple[int, bool]]:
    found = {}
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        for function in (node, *(node.body if isinstance(node, ast.ClassDef) else ())):
            if isinstance(function, ast.FunctionDef):
                names = [arg.arg for arg in function.args.args if arg.arg not in ("self", "cls")]
                name = node.name if function.name == "__init__" else function.name
                if "template" in names and name.startswith("_") == private:
                    found[name] = (names.index("template"), function.args.vararg is not None)
    return found


def constants(text: ast.expr) -> list[str]:
    """What an expression can be, as far as it is written there."""
    return [part.value for part in alternatives(text) if isinstance(part, ast.Constant) and isinstance(part.value, str)]


def alternatives(expression: ast.expr) -> list[ast.expr]:
    """The expressions of which one gives the value of a conditional one."""
    if isinstance(expression, ast.IfExp):
        return alternatives(expression.body) + alternatives(expression.orelse)
    return [expression]


@cache
def engine_sources() -> list[Path]:
    """The files of the engine whose errors and notes may come to Blender."""
    files = sorted((ROOT / "tttlrm_blender").rglob("*.py"))
    return [file for file in files if not UNHEARD & set(file.relative_to(ROOT / "tttlrm_blender").parts)]


def written() -> Iterator[str]:
    """The texts in the sources."""
    for file in interface_sources():
        yield from (text for expression in texts(file) for text in constants(expression))
    for file in engine_sources():
        yield from (text for expression in templates(file) for text in constants(expression))


def all_texts() -> list[str]:
    """Each once, with letters in it."""
    found = dict.fromkeys([*registered(), *written()])
    return [text for text in found if any(map(str.isalpha, FIELD.sub("", text)))]
