# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/*.md as HTML, for F1 to open from the installed extension. Knows the Markdown that these pages use, and no more."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title><style>
body {{ font: 16px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em }}
table {{ border-collapse: collapse }}
td, th {{ border: 1px solid #aaa; padding: .2em .6em; text-align: left; vertical-align: top }}
pre, code {{ background: #eee }} pre {{ padding: .6em; overflow-x: auto }} img {{ max-width: 100% }}
</style></head>
<body>
{body}
</body>
</html>
"""
HEADING, ITEM = re.compile(r"(#+) (.*)"), re.compile(r"(- |\d+\. )(.*)")
MARKS = (
    (re.compile(r"!\[([^]]*)\]\(([^)]+)\)"), r'<img alt="\1" src="\2">'),
    (re.compile(r"\[([^]]+)\]\((?!\w+:)([^)#]+)\.md(#[^)]*)?\)"), r'<a href="\2.html\3">\1</a>'),
    (re.compile(r"\[([^]]+)\]\(([^)]+)\)"), r'<a href="\2">\1</a>'),
    (re.compile(r"\*\*(.+?)\*\*"), r"<b>\1</b>"),
    (re.compile(r"\*(?! )([^*]+)\*"), r"<i>\1</i>"),
)


def page(text: str) -> str:
    """The HTML of a page in Markdown; its first line is its title."""
    return PAGE.format(title=html.escape(text.partition("\n")[0].lstrip("# ")), body="\n".join(_parts(text)))


def anchors(text: str) -> list[str]:
    """What the headings of a page are called in addresses, as repositories on the web call them too."""
    prose = "".join(text.split("```")[::2])
    return [anchor(found[2]) for line in prose.splitlines() if (found := HEADING.fullmatch(line))]


def anchor(title: str) -> str:
    """What a heading is called in addresses."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def inline(text: str) -> str:
    """A paragraph's marks, outside code."""
    codes: list[str] = []

    def put_aside(found: re.Match[str]) -> str:
        codes.append(f"<code>{found[1]}</code>")
        return f"\0{len(codes) - 1}\0"

    text = re.sub(r"`([^`]+)`", put_aside, html.escape(text, quote=False))
    for mark, replacement in MARKS:
        text = mark.sub(replacement, text)
    return re.sub(r"\0(\d+)\0", lambda found: codes[int(found[1])], text)


def _parts(text: str) -> Iterator[str]:
    """Prose and code by turns."""
    for turn, part in enumerate(re.split(r"^```.*\n", text, flags=re.MULTILINE)):
        yield from [f"<pre>{html.escape(part)}</pre>"] if turn % 2 else _blocks(part)


def _blocks(prose: str) -> list[str]:
    """Headings, tables, lists and paragraphs, with blank lines between them."""
    return [_block(piece.splitlines()) for piece in re.split(r"\n\s*\n", prose.strip()) if piece]


def _block(lines: list[str]) -> str:
    if found := HEADING.fullmatch(lines[0]):
        level = len(found[1])
        return f'<h{level} id="{anchor(found[2])}">{inline(found[2])}</h{level}>'
    if lines[0].startswith("|"):
        return _table(lines)
    if ITEM.match(lines[0]):
        return _list(lines)
    return f"<p>{inline(chr(10).join(lines))}</p>"


def _table(lines: list[str]) -> str:
    full = [line for line in lines if not re.fullmatch(r"[|\- :]+", line)]
    rows = [[inline(cell.strip()) for cell in line.strip("|").split("|")] for line in full]
    cells = [[f"<{kind}>{cell}</{kind}>" for cell in row] for kind, row in zip(["th", *["td"] * len(rows)], rows, strict=False)]
    return "<table>" + "\n".join(f"<tr>{''.join(row)}</tr>" for row in cells) + "</table>"


def _list(lines: list[str]) -> str:
    items: list[str] = []
    for line in lines:
        if found := ITEM.match(line):
            items.append(found[2])
        else:
            items[-1] += f"\n{line.strip()}"
    kind = "ul" if lines[0].startswith("-") else "ol"
    return f"<{kind}>" + "\n".join(f"<li>{inline(item)}</li>" for item in items) + f"</{kind}>"
