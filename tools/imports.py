# SPDX-License-Identifier: GPL-3.0-or-later
"""Read from the sources which module imports which."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def module_name(source: Path) -> str:
    """Dotted name of a source file."""
    parts = source.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imports(source: Path) -> list[tuple[str, bool]]:
    """Every import anywhere in a file: the absolute name of the module or of a name in it, and whether the import is relative."""
    package = source.relative_to(ROOT).parts[:-1]
    found = []
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [(alias.name, False) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            base += [node.module] if node.module else []
            found += [(".".join([*base, alias.name]), node.level > 0) for alias in node.names]
    return found
