# SPDX-License-Identifier: GPL-3.0-or-later
"""Convert settings to JSON and back, and validate them before any work is done."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, TypeVar

from ..errors import Code, Text, TttlrmError, listed, text
from .fields import Group, Refused, Setting, brief, describe

Settings = TypeVar("Settings")


def to_json(settings: Any) -> dict[str, Any]:
    """Convert a settings dataclass to plain JSON values."""
    return asdict(settings)


def from_json(kind: type[Settings], values: Any) -> Settings:
    """Make a settings dataclass from a JSON object; missing settings get their defaults.

    Raises `TttlrmError` ("bad_settings") that lists all unknown names and invalid values, with the allowed values.
    """
    faults: list[Text] = []
    settings = _read(kind, values, "", faults)
    if faults:
        raise TttlrmError("Wrong settings: {}.", listed(faults, "; "), code=Code.BAD_SETTINGS)
    return settings


def check(settings: Any) -> None:
    """Raise `TttlrmError` unless all values of a settings dataclass are valid."""
    from_json(type(settings), to_json(settings))


def _read(kind: type, values: Any, path: str, faults: list[Text]) -> Any:
    """Read settings from a JSON object. Errors are added to `faults`; then the result is meaningless."""
    if not isinstance(values, dict):
        faults.append(text("{} is {}, not {}", path or kind.__name__, brief(values), text("an object")))
        return None
    known = describe(kind)
    prefix = f"{path}." if path else ""
    faults += [text("there is no setting {}", brief(f"{prefix}{name}")) for name in values if name not in known]
    return kind(**{name: _value(known[name], values[name], f"{prefix}{name}", faults) for name in known if name in values})


def _value(setting: Setting | Group, value: Any, path: str, faults: list[Text]) -> Any:
    if isinstance(setting, Group):
        return None if value is None and setting.optional else _read(setting.kind, value, path, faults)
    try:
        return setting.values.read(value)
    except Refused:
        faults.append(text("{} is {}, not {}", path, brief(value), setting.values.expected))
        return None
