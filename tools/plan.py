# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws the plan of rooms in docs/architecture.md from the sources: what each room holds and on which it stands.

A room is a package, or a module that stands directly under `tttlrm_blender` or `operators`.
"""

from __future__ import annotations

import ast
import sys
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tools.imports import HOUSE, imports, module_name

PAGE = HOUSE / "docs/architecture.md"
TREES = {"The engine: tttlrm_blender/": "tttlrm_blender", "Inside Blender: operators/": "operators"}
BEGIN, END = "<!-- This part is written by `make plan`. -->\n", "<!-- The written part ends here. -->\n"
WIDTH = 100


@dataclass
class Room:
    """What the sources say of a room."""

    purpose: str  # the first line of its docstring
    modules: list[str] = field(default_factory=list)
    stands_on: set[str] = field(default_factory=set)  # the rooms of the same tree that it imports


def rooms(tree: str) -> dict[str, Room]:
    """The rooms of a tree by name, such as "gaussians/formats"; the tree's own `__init__` is none."""
    sources = {module_name(source): source for source in sorted((HOUSE / tree).rglob("*.py"))}
    names = {name for name, source in sources.items() if source.name == "__init__.py" or name.count(".") == 1} - {tree}
    found = {name: Room(_purpose(sources[name])) for name in sorted(names)}
    for module, source in sources.items():
        room = _room(module, names)
        if room:
            targets = (_room(target, names) for target, _ in imports(source) if target.startswith(f"{tree}."))
            found[room].modules += [module.rpartition(".")[2]] if module != room else []
            found[room].stands_on |= {target for target in targets if target and target != room}
    return {_shown(name): Room(room.purpose, room.modules, set(map(_shown, room.stands_on))) for name, room in found.items()}


def layers(stands_on: Mapping[str, set[str]]) -> list[list[tuple[str, ...]]]:
    """Rooms by height, the highest first: each lies above all that it stands on. Rooms of one circle are one group."""
    below = {room: _reached(room, stands_on) for room in stands_on}

    def height(room: str) -> int:
        return 1 + max((height(other) for other in below[room] if room not in below[other]), default=0)

    circles = sorted({tuple(o for o in stands_on if o == room or (o in below[room] and room in below[o])) for room in stands_on})
    heights = [height(circle[0]) for circle in circles]
    return [[circle for circle, at in zip(circles, heights, strict=True) if at == level] for level in range(max(heights), 0, -1)]


def plan() -> str:
    """The written part of the page, in Markdown."""
    return "\n".join(line for title, tree in TREES.items() for line in _chapter(title, rooms(tree)))


def drawn(page: str) -> str:
    """The page with its written part anew."""
    before, _, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise SystemExit(f"{PAGE.name} does not say where the plan begins and ends.")
    return f"{before}{BEGIN}\n{plan()}\n{END}{after}"


def _chapter(title: str, tree: dict[str, Room]) -> Iterator[str]:
    yield from (f"### {title}", "", "Rooms import from lines below their own; ↔ joins those that import each other.", "", "```")
    for layer in layers({name: room.stands_on for name, room in tree.items()}):
        yield from textwrap.wrap("   ".join(" ↔ ".join(circle) for circle in layer), WIDTH)
    yield from ("```", "", "| room | holds | imports |", "|---|---|---|")
    for name, room in tree.items():
        yield f"| `{name}` | {room.purpose} | {', '.join(sorted(room.stands_on)) or '—'} |"
    yield from ("", "Their modules:", "")
    for name, room in tree.items():
        if room.modules:
            yield from textwrap.wrap(f"- `{name}`: {', '.join(room.modules)}", WIDTH, subsequent_indent="  ")
    yield ""


def _purpose(source: Path) -> str:
    return (ast.get_docstring(ast.parse(source.read_text("utf-8"))) or "").partition("\n")[0].rstrip(".")


def _room(module: str, names: set[str]) -> str | None:
    """The innermost room around a module, or around what is named in one."""
    while module and module not in names:
        module = module.rpartition(".")[0]
    return module or None


def _shown(name: str) -> str:
    return name.partition(".")[2].replace(".", "/")


def _reached(room: str, stands_on: Mapping[str, set[str]]) -> set[str]:
    reached, todo = set(), list(stands_on[room])
    while todo:
        other = todo.pop()
        if other not in reached:
            reached.add(other)
            todo += stands_on[other]
    return reached


def main() -> int:
    """Write the page."""
    PAGE.write_text(drawn(PAGE.read_text("utf-8")), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
