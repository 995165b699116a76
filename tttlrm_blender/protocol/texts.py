# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of errors and notes on the wire: a JSON list of the template and its values, which may be such lists too."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import Any

from ..errors import FIELD, Text
from .frames import WHOLE, malformed

DEEPEST = 8  # levels of nested texts


def to_json(text: Text) -> list[Any]:
    """Convert a text to a list."""
    return [text.template, *map(_plain, text.values)]


def from_json(value: Any, deepest: int = DEEPEST) -> Text:
    """Convert a list to a text. Raises `TttlrmError` unless its template has a field for each value."""
    if not deepest or not isinstance(value, list) or not value or not isinstance(value[0], str):
        raise malformed("it has an invalid text")
    template, *values = value
    if not all(isinstance(item, list | str) or type(item) in (int, float) for item in values):
        raise malformed("it has an invalid text")
    if len(FIELD.findall(template)) != len(values):
        raise malformed("it has a text whose fields do not match its values")
    return Text(template, tuple(from_json(item, deepest - 1) if isinstance(item, list) else item for item in values))


def _plain(value: Text | Path | str | float) -> list[Any] | str | float:
    if isinstance(value, Text):
        return to_json(value)
    if (isinstance(value, int) and value in WHOLE) or (isinstance(value, float) and isfinite(value)):
        return value
    return str(value)
