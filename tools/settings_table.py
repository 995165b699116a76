# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the tables of docs/settings.md from the settings: python -m tools.settings_table."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tttlrm_blender.commands.options import WRITTEN
from tttlrm_blender.protocol.fields import Choices, FilePath, Numbers, Setting, Several, Switch, Worded, describe, one_of
from tttlrm_blender.protocol.settings import BakeSettings, DecodeSettings, MeshSettings, ReconstructSettings, RefineSettings

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"
SECTIONS = {
    "Decode": DecodeSettings,
    "Mesh": MeshSettings,
    "Bake": BakeSettings,
    "Refine": RefineSettings,
    "Reconstruct": ReconstructSettings,
}
HEAD = "| Setting | What it does | Values | Default | Option |\n|---|---|---|---|---|\n"
UNITS = {"pixels": " pixels", "seconds": " s"}


def main() -> None:
    """Update the page's tables."""
    PAGE.write_text(filled(PAGE.read_text("utf-8")), "utf-8")


def filled(page: str) -> str:
    """The page with the first table of each section updated."""
    for heading, kind in SECTIONS.items():
        section = re.compile(rf"(^## {heading}\n(?:[^|\n].*\n|\n)*)(?:\|.*\n)+", re.MULTILINE)
        if found := section.search(page):
            page = page[: found.end(1)] + table(kind) + page[found.end() :]
    return page


def table(kind: type) -> str:
    """The table of a dataclass's settings, one row each."""
    default = kind()
    settings = {name: each for name, each in describe(kind).items() if isinstance(each, Setting)}
    return HEAD + "".join(_row(name, each, getattr(default, name)) for name, each in settings.items())


def _row(name: str, setting: Setting, default: Any) -> str:
    option = setting.option or name.replace("_", "-")
    cells = (setting.label, setting.explained(), _values(setting), _shown(setting, default), _written(option, setting))
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


def _written(option: str, setting: Setting) -> str:
    """An option as it is written."""
    if option in WRITTEN:
        return f"`--{option} {WRITTEN[option].metavar}`"
    return f"`--{option}`, `--no-{option}`" if isinstance(setting.values, Switch) else f"`--{option}`"


def _values(setting: Setting) -> str:
    match setting.values:
        case Numbers(_, least, most, unit=unit):
            return f"{least:,.10g} to {most:,.10g}{UNITS.get(unit, '')}"
        case Several(_, counts):
            return f"{one_of(counts)} numbers"
        case Switch():
            return "on, off"
        case Choices(items):
            return ", ".join(f"{item.label} (`{item.identifier}`)" for item in items)
        case FilePath(words):
            return ", ".join([*(f"`{word}`" for word in words if word), "a path"])
        case Worded(_, example):
            return f"such as `{example}`"


def _shown(setting: Setting, default: Any) -> str:
    """A default as people see it."""
    if isinstance(default, bool):
        return "on" if default else "off"
    if isinstance(setting.values, Choices):
        return next(item.label for item in setting.values.items if item.identifier == default)
    return f"{default:,.10g}" if isinstance(setting.values, Numbers) else default or ""


if __name__ == "__main__":
    main()
