# SPDX-License-Identifier: GPL-3.0-or-later
"""What panels draw, where there is no window to draw them in."""

from types import FunctionType, SimpleNamespace
from typing import Any

import bpy

WIDTH = 300  # pixels of the region


class Sheet:
    """A layout that notes what is put on it. What does not exist cannot be put there."""

    def __init__(self) -> None:
        self.labels: list[str] = []
        self.buttons: dict[str, list[Any]] = {}  # by operator, the texts of its buttons
        self.settings: list[str] = []  # names of properties
        self.others: list[str] = []  # lists, large pictures, bars of progress

    def _below(self, **_: Any) -> "Sheet":
        return self

    active = True
    row = column = box = grid_flow = _below

    def separator(self) -> None:
        """Room."""

    def context_pointer_set(self, name: str, data: Any) -> None:
        """What operators of the layout will find in their context."""

    def label(self, *, text: str = "", **_: Any) -> None:
        """A line of text."""
        self.labels.append(text)

    def prop(self, data: Any, name: str, **_: Any) -> None:
        """A property that its owner really has."""
        known = data.bl_rna.properties
        assert name in known, f"{data} has no {name}"
        if name.startswith("use_") and name.removeprefix("use_") in known:
            return  # a check box, before its value
        own = name.removesuffix("_value")
        self.settings.append(own if own in known else name)

    def operator(self, name: str, *, text: str | None = None, **_: Any) -> "Button":
        """A button of an operator that exists, for its own properties."""
        group, _, short = name.partition(".")
        known = getattr(getattr(bpy.ops, group), short).get_rna_type()
        self.buttons.setdefault(name, []).append(known.name if text is None else text)
        return Button(set(known.properties.keys()))

    def template_list(self, kind: str, number: str, data: Any, name: str, active: Any, index: str, **_: Any) -> None:
        """A list of a kind that exists."""
        assert hasattr(bpy.types, kind) and name in data.bl_rna.properties and index in active.bl_rna.properties
        self.others.append("list")

    def template_icon(self, icon: int, **_: Any) -> None:
        """A large picture."""
        self.others.append("picture")

    def progress(self, *, factor: float, text: str) -> None:
        """A bar."""
        assert 0 <= factor <= 1
        self.others.append(text)


class Button:
    """What a button sets before its operator runs."""

    def __init__(self, known: set[str]) -> None:
        object.__setattr__(self, "known", known)

    def __setattr__(self, name: str, value: Any) -> None:
        assert name in self.known, f"the operator has no {name}"


def drawn(kind: type) -> Sheet:
    """What a panel draws now, or a menu."""
    sheet = Sheet()
    own = {name: value for name, value in vars(kind).items() if isinstance(value, FunctionType)}
    bases = tuple(base for base in kind.__bases__ if not issubclass(base, bpy.types.bpy_struct))
    panel = type(kind.__name__, bases, own)()  # those of Blender's own types are made by Blender alone
    panel.layout, panel.bl_rna = sheet, kind.bl_rna
    panel.draw(Context())
    return sheet


class Context:
    """Blender's, with the region and the scale that there are in windows only."""

    region = SimpleNamespace(width=WIDTH)
    preferences = SimpleNamespace(system=SimpleNamespace(ui_scale=1.0))

    def __getattr__(self, name: str) -> Any:
        return getattr(bpy.context, name)
