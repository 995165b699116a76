# SPDX-License-Identifier: GPL-3.0-or-later
"""Print the share of each room's lines that the tests ran, and write it into CONTRIBUTING.md: `make coverage`."""

from __future__ import annotations

import re
import sys
import textwrap
from collections import Counter
from pathlib import Path

from coverage import Coverage

from tools.imports import ROOT

PAGE = ROOT / "CONTRIBUTING.md"
TREES = ("tttlrm_blender", "operators")
WIDTH = 100


def main() -> int:
    """Print the table and write the page."""
    rooms = {tree: measured(tree) for tree in TREES}
    for tree, counts in rooms.items():
        for room, (lines, missed) in counts.items():
            print(f"{tree + '/' + room:32}{lines:6} lines{missed:6} missed{share(lines, missed):6} %")
    PAGE.write_text(filled(PAGE.read_text("utf-8"), rooms), "utf-8")
    return 0


def measured(tree: str) -> dict[str, tuple[int, int]]:
    """The number of lines in each room of a tree, and how many no test ran. A module outside any room counts as one."""
    coverage, lines, missed = Coverage(), Counter[str](), Counter[str]()
    coverage.load()
    for source in sorted((ROOT / tree).rglob("*.py")):
        _, statements, _, missing, _ = coverage.analysis2(str(source))
        room = Path(source.relative_to(ROOT / tree).parts[0]).stem
        lines[room] += len(statements)
        missed[room] += len(missing)
    return {room: (count, missed[room]) for room, count in lines.items() if count}


def share(lines: int, missed: int) -> int:
    """The percentage of lines that ran, never rounded up to a whole."""
    return int(100 * (lines - missed) / lines)


def filled(page: str, rooms: dict[str, dict[str, tuple[int, int]]]) -> str:
    """The page with updated figures, in the list items that begin with a tree's name."""
    for tree, counts in rooms.items():
        figures = ", ".join(f"{room} {share(*count)}" for room, count in counts.items() if room != "__init__")
        entry = textwrap.fill(f"- `{tree}`: {figures}", WIDTH, subsequent_indent="  ", break_on_hyphens=False)
        page = re.sub(rf"^- `{tree}`: .*\n(?:  .*\n)*", f"{entry}\n", page, flags=re.MULTILINE)
    return page


if __name__ == "__main__":
    sys.exit(main())
