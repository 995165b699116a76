# SPDX-License-Identifier: GPL-3.0-or-later
"""File names whose ending and a choice of the format in the file browser go together."""

from collections.abc import Mapping
from typing import NamedTuple


class Choice(NamedTuple):
    """What a file browser shows."""

    path: str
    format: str  # a key of the mapping of formats


def settle(
    shown: Choice,
    before: Choice,
    endings: Mapping[str, str],  # of file names by format, longer ones before those that they end in
) -> Choice:
    """The name and the format after the user has changed one of the two: the other follows."""
    told = next((name for name, ending in endings.items() if shown.path.lower().endswith(ending)), None)
    if shown.format != before.format:
        stem = shown.path[: len(shown.path) - len(endings[told])] if told else shown.path
        return Choice(stem + endings[shown.format], shown.format)
    return Choice(shown.path, told) if told else Choice(shown.path + endings[shown.format], shown.format)
