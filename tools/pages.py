# SPDX-License-Identifier: GPL-3.0-or-later
"""Convert docs/*.md to HTML, which F1 opens from the installed extension."""

from __future__ import annotations

import html
from collections.abc import Iterator
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.anchors import anchors_plugin

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
MARKDOWN = MarkdownIt("commonmark").enable("table").use(anchors_plugin, max_level=6)


def page(text: str) -> str:
    """The HTML of a Markdown page. Its first line is the title, and links to other pages lead to their HTML."""
    tokens = MARKDOWN.parse(text)
    for link in _links(tokens):
        address = urlsplit(str(link.attrs["href"]))
        if not address.scheme and address.path.endswith(".md"):
            link.attrs["href"] = address._replace(path=address.path.removesuffix(".md") + ".html").geturl()
    title, _, _ = text.partition("\n")
    return PAGE.format(title=html.escape(title.lstrip("# ")), body=MARKDOWN.renderer.render(tokens, MARKDOWN.options, {}))


def anchors(text: str) -> list[str]:
    """The anchors of a page's headings."""
    return [str(token.attrs["id"]) for token in MARKDOWN.parse(text) if token.type == "heading_open"]


def _links(tokens: list[Token]) -> Iterator[Token]:
    return (child for token in tokens for child in token.children or [] if child.type == "link_open")
