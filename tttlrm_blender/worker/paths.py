# SPDX-License-Identifier: GPL-3.0-or-later
"""Access control for paths in settings: which files of this machine clients may refer to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from ..errors import Code, Text, TttlrmError, text
from ..protocol.fields import FilePath, Group, Setting, describe

Value = str | int | float | Path
Settings = TypeVar("Settings")


def placed(settings: Settings, folder: Path, any_file: bool) -> Settings:
    """Make settings' paths (`FilePath`) in a scene's folder absolute.

    Other paths are kept if clients may refer to `any_file`, and otherwise raise `TttlrmError` ("bad_path").
    """
    changed: dict[str, Any] = {}
    for name, setting in describe(type(settings)).items():
        value = getattr(settings, name)
        match setting:
            case Group() if value is not None:
                changed[name] = placed(value, folder, any_file)
            case Setting(FilePath(words)) if value not in words:
                changed[name] = _placed(name, value, folder, any_file)
    return replace(settings, **changed)  # type: ignore[type-var]


def relative(value: Value, folders: Iterable[Path]) -> Value | Text:
    """Make a path in one of the folders relative, as clients name that file; other values of texts are kept."""
    if not isinstance(value, str | Path):
        return value
    for folder in folders:
        if Path(value) == folder:
            return text("the scene")
        if Path(value).is_relative_to(folder):
            return Path(value).relative_to(folder).as_posix()
    return value


def _placed(name: str, value: str, folder: Path, any_file: bool) -> str:
    path = folder / value
    if _is_below(path, folder) and (not any_file or path.exists()):
        return str(path)
    if any_file:
        return value
    raise TttlrmError(
        "The worker may not open {!r} (setting {}), as it is outside of the scene's folder.",
        value,
        name,
        hint="Send the file with the photos, or start the worker with --allow-files.",
        code=Code.BAD_PATH,
    )


def _is_below(path: Path, folder: Path) -> bool:
    """Whether a path is inside a folder, following links."""
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError):  # not a path, such as one with a zero byte
        return False
