# SPDX-License-Identifier: GPL-3.0-or-later
"""An operator's properties as the options of a command: the same names, limits and words as in Blender's interface."""

from __future__ import annotations

from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError, BooleanOptionalAction, Namespace
from collections.abc import Callable, Collection, Iterator
from typing import Any

import bpy

from ..narrowing import untyped

READERS = {"INT": int, "FLOAT": float, "STRING": str}


def add_arguments(parser: ArgumentParser, operator: str, but: Collection[str] = ()) -> None:
    """Add an option for every property of an operator of ours, `but` for some."""
    group = parser.add_argument_group("settings")
    for prop in (prop for prop in _properties(operator) if prop.identifier not in but):
        form = _form(prop)
        name = f"--{prop.identifier.replace('_', '-')}"
        group.add_argument(name, dest=prop.identifier, default=SUPPRESS, help=prop.description.replace("%", "%%"), **form)


def given(args: Namespace, operator: str) -> dict[str, Any]:
    """The properties that were given, as the arguments of the operator."""
    return {prop.identifier: vars(args)[prop.identifier] for prop in _properties(operator) if prop.identifier in args}


def _properties(operator: str) -> Iterator[Any]:
    # Blender tells an operator's properties only through `bpy.ops`; nothing is called here.
    for prop in getattr(untyped(bpy.ops).tttlrm, operator).get_rna_type().properties:
        if prop.type in {*READERS, "BOOLEAN", "ENUM"} and not (prop.is_readonly or prop.is_hidden):
            yield prop


def _form(prop: Any) -> dict[str, Any]:
    """What argparse has to know about a property."""
    if prop.type == "BOOLEAN":
        return {"action": BooleanOptionalAction}
    if prop.type == "ENUM":
        return {"choices": [item.identifier for item in prop.enum_items]}
    return {"type": _reader(prop), "metavar": {"INT": "N", "FLOAT": "X", "STRING": "TEXT"}[prop.type]}


def _reader(prop: Any) -> Callable[[str], Any]:
    """Values within the property's limits, as an argument's type; Blender would silently take the nearest."""
    if prop.type == "STRING":
        return str
    low, high = prop.hard_min, prop.hard_max

    def read(text: str) -> Any:
        value = READERS[prop.type](text)
        if not low <= value <= high:
            raise ArgumentTypeError(f"{prop.name} is a number from {low:g} to {high:g}; got {text}")
        return value

    read.__name__ = {"INT": "whole number", "FLOAT": "number"}[prop.type]  # argparse says: invalid whole number value
    return read
