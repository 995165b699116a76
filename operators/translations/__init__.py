# SPDX-License-Identifier: GPL-3.0-or-later
"""Words in the language of Blender's interface: English in the sources, and a table for every other language beside this file.

Blender itself translates names, descriptions and the plain texts of buttons, labels, reports and poll messages. Texts with
something put into them go through `shown` or `told`, which translate the template first, and those of errors and notes, the
worker's too, through `worded` or `explained`. `pgettext_n` marks plain texts that
stand elsewhere. A table counts in every context of Blender's: one English text has one translation.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import bpy
from bpy.app.translations import contexts, pgettext_iface, pgettext_rpt

from ..engine import errors

FOLDER = Path(__file__).parent
CONTEXTS = (contexts.default, contexts.operator_default)
ENTRY = re.compile(r'^msgid ((?:".*"\n)+)msgstr ((?:".*"\n)+)', re.MULTILINE)


def shown(template: str, *values: object, context: str = contexts.default) -> str:
    """A text of the interface: translated, then filled."""
    return errors.text(template, *values).worded(lambda english: pgettext_iface(english, context))


def told(template: str, *values: object) -> str:
    """A sentence of a report, in the same way."""
    return worded(errors.text(template, *values))


def worded(text: errors.Text) -> str:
    """A text of an error or a note, wherever it was made."""
    return text.worded(pgettext_rpt)


def explained(error: errors.TttlrmError) -> str:
    """All that an error says."""
    return worded(error.words)


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
