# SPDX-License-Identifier: GPL-3.0-or-later
"""Words in the language of Blender's interface: English in the sources, and a table for every other language beside this file.

Blender itself translates names, descriptions and the plain texts of buttons, labels, reports and poll messages. Texts with
something put into them go through `shown` or `told`, which translate the template first. `pgettext_n` marks plain texts that
stand elsewhere. A table counts in every context of Blender's: one English text has one translation.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import bpy
from bpy.app.translations import contexts, pgettext_iface, pgettext_rpt

FOLDER = Path(__file__).parent
CONTEXTS = (contexts.default, contexts.operator_default)
ENTRY = re.compile(r'^msgid ((?:".*"\n)+)msgstr ((?:".*"\n)+)', re.MULTILINE)


def shown(template: str, *values: Any, context: str = contexts.default) -> str:
    """A text of the interface: translated, then filled as `str.format` does it."""
    return pgettext_iface(template, context).format(*values)


def told(template: str, *values: Any) -> str:
    """A sentence of a report or an error, in the same way."""
    return pgettext_rpt(template).format(*values)


def explained(failure: Any) -> str:
    """What a `TttlrmError`, or a worker's message of one, says, as far as a table has its sentences."""
    return " ".join(pgettext_rpt(part) for part in (failure.sentence, failure.hint) if part)


def read_table(path: Path) -> dict[str, str]:
    """The translations of a .po file by their English texts."""
    entries = ENTRY.findall(path.read_text("utf-8") + "\n")
    return {english: other for english, other in ((_text(left), _text(right)) for left, right in entries) if english and other}


def _text(quoted: str) -> str:
    """What strings, a line each, say together."""
    return "".join(json.loads(line) for line in quoted.splitlines())


def tables() -> dict[str, dict[tuple[str, str], str]]:
    """All tables as Blender wants them: by language, context and English text."""
    read = {path.stem: read_table(path) for path in sorted(FOLDER.glob("*.po"))}
    return {
        language: {(context, english): other for context in CONTEXTS for english, other in table.items()}
        for language, table in read.items()
    }


def register() -> None:
    """Give Blender the tables."""
    bpy.app.translations.register(__name__, tables())


def unregister() -> None:
    """Take them back out."""
    bpy.app.translations.unregister(__name__)
