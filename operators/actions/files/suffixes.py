# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the suffix of a file name and the format chosen in the file browser in agreement."""

from collections.abc import Mapping
from typing import NamedTuple


class Choice(NamedTuple):
    """The file name and format in the file browser."""

    path: str
    format: str  # a key of the mapping of formats


def settle(
    shown: Choice,
    before: Choice,
    endings: Mapping[str, str],  # suffixes by format; longer suffixes before those that they end with
) -> Choice:
    """Return the name and the format after one of them was changed: the other follows."""
    named = next((name for name, ending in endings.items() if shown.path.lower().endswith(ending)), None)
    if shown.format != before.format:
        stem = shown.path[: len(shown.path) - len(endings[named])] if named else shown.path
        return Choice(stem + endings[shown.format], shown.format)
    return Choice(shown.path, named) if named else Choice(shown.path + endings[shown.format], shown.format)
