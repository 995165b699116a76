# SPDX-License-Identifier: GPL-3.0-or-later
"""Translations of the interface: English in the sources, and a table beside this file for every other language.

Blender itself translates names, descriptions and the constant texts of buttons, labels, reports and poll messages. Templates are
translated before they are filled: by `shown` or `told`, and those of errors and notes, also from the worker, by `worded` or
`explained`. `pgettext_n` marks constant texts in other places. A table applies to all of Blender's contexts: one English text
has one translation.
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
    """Translate and fill a template of the interface."""
    return shown_text(errors.text(template, *values), context)


def shown_text(text: errors.Text, context: str = contexts.default) -> str:
    """Translate and fill a text of the engine as one of the interface."""
    return text.worded(lambda english: pgettext_iface(english, context))


def told(template: str, *values: object) -> str:
    """Translate and fill a template of a report."""
    return worded(errors.text(template, *values))


def worded(text: errors.Text) -> str:
    """Translate the text of an error or a note."""
    return text.worded(pgettext_rpt)


def explained(error: errors.TttlrmError) -> str:
    """Translate an error, with its hint."""
    return worded(error.words)


def read_table(path: Path) -> dict[str, str]:
    """Return the translations of a .po file by their English texts."""
    entries = ENTRY.findall(path.read_text("utf-8") + "\n")
    return {english: other for english, other in ((_text(left), _text(right)) for left, right in entries) if english and other}


def _text(quoted: str) -> str:
    """Join quoted strings, one per line."""
    return "".join(json.loads(line) for line in quoted.splitlines())


def tables() -> dict[str, dict[tuple[str, str], str]]:
    """Return all tables as Blender expects them: by language, then by context and English text."""
    read = {path.stem: read_table(path) for path in sorted(FOLDER.glob("*.po"))}
    return {
        language: {(context, english): other for context in CONTEXTS for english, other in table.items()}
        for language, table in read.items()
    }


def register() -> None:
    """Register the tables."""
    bpy.app.translations.register(__name__, tables())


def unregister() -> None:
    """Unregister the tables."""
    bpy.app.translations.unregister(__name__)
