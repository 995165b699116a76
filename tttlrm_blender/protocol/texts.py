# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of errors and notes as they cross the wire: a JSON list of the template and its values, of which some are such lists."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import Any

from ..errors import FIELD, Text
from .frames import WHOLE, malformed

DEEPEST = 8  # texts within texts


def to_json(text: Text) -> list[Any]:
    """The list that stands for a text."""
    return [text.template, *map(_plain, text.values)]


def from_json(value: Any, deepest: int = DEEPEST) -> Text:
    """The text that a list stands for. Raises `TttlrmError` where its template does not have a field for each value."""
    if not deepest or not isinstance(value, list) or not value or not isinstance(value[0], str):
        raise malformed("it has a text that is none")
    template, *values = value
    if not all(isinstance(item, list | str) or type(item) in (int, float) for item in values):
        raise malformed("it has a text that is none")
    if len(FIELD.findall(template)) != len(values):
        raise malformed("it has a text with other fields than values")
    return Text(template, tuple(from_json(item, deepest - 1) if isinstance(item, list) else item for item in values))


def _plain(value: Text | Path | str | float) -> list[Any] | str | float:
    if isinstance(value, Text):
        return to_json(value)
    if (isinstance(value, int) and value in WHOLE) or (isinstance(value, float) and isfinite(value)):
        return value
    return str(value)
