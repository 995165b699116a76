# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages of docs/: their links lead somewhere, they become HTML that F1 opens in Blender, and examples are understood."""

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tools.pages import anchors, page

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
READ_AS_FILES = sorted(
    file for place in (".", ".github", "benchmarks", "benchmarks/results", "soak") for file in (ROOT / place).glob("*.md")
)
COLUMNS = 100
each_page = pytest.mark.parametrize("file", PAGES, ids=lambda file: file.stem)
VOID = ("meta", "img", "br", "hr")  # tags without content


class Reader(HTMLParser):
    """What a browser makes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open, self.links, self.ids, self.prose = [], [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag not in VOID:
            self.open.append(tag)
        self.links += [value for name, value in attributes if name in ("href", "src")]
        self.ids += [value for name, value in attributes if name == "id"]

    def handle_endtag(self, tag):
        assert tag in VOID or self.open.pop() == tag

    def handle_data(self, data):
        if not {"pre", "code", "style"} & set(self.open):
            self.prose += data


@each_page
def test_a_page_is_understood(file):
    """Nothing of Markdown is left in what it says."""
    text = file.read_text("utf-8")
    reader = Reader(page(text))
    assert not reader.open and reader.ids == anchors(text)
    assert re.findall(r"\*\*|`|\]\(|^ *[-|#] .*", reader.prose, re.MULTILINE) == []


def test_every_decision_is_listed():
    listed = re.findall(r"\(decisions/(\d{4}[^)]*\.md)\)", (DOCS / "architecture.md").read_text("utf-8"))
    assert listed == sorted(path.name for path in (DOCS / "decisions").glob("*.md"))


@each_page
def test_links_lead_somewhere(file):
    """To a page and a heading of it, or out into the web."""
    known = {path.with_suffix(".html"): anchors(path.read_text("utf-8")) for path in PAGES}
    for link in Reader(page(file.read_text("utf-8"))).links:
        target, _, heading = link.partition("#")
        if not target.startswith("http"):
            place = (file.parent / target).resolve() if target else file.with_suffix(".html")
            assert (not heading or heading in known[place]) and (place in known or place.exists()), link


@pytest.mark.parametrize("file", READ_AS_FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_links_between_files_lead_somewhere(file):
    """Outside docs/, where they are read as files: to one, and a heading of it."""
    for link in re.findall(r"\]\(([^)]+)\)", file.read_text("utf-8")):
        target, _, heading = link.partition("#")
        if not target.startswith("http"):
            page = file.parent / target if target else file
            assert page.exists() and (not heading or heading in anchors(page.read_text("utf-8"))), link


@pytest.mark.parametrize("file", [*PAGES, *READ_AS_FILES], ids=lambda file: file.relative_to(ROOT).as_posix())
def test_prose_wraps(file):
    """Tables, code and a single long word, such as a link, may be wider."""
    prose = re.sub(r"^ *```.*?^ *```$", "", file.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    lines = [line for line in prose.splitlines() if not line.lstrip().startswith("|")]
    assert [line for line in lines if len(line) > COLUMNS and " " in line.strip("-* ")] == []


def test_links_to_pages_lead_to_their_html():
    made = page("# A & B\n\n[there](a.md#b), [out](https://example.com/c.md) and [in](#a--b)\n")
    assert Reader(made).links == ["a.html#b", "https://example.com/c.md", "#a--b"]
    assert "<title>A &amp; B</title>" in made and anchors("## A & B!") == ["a--b"]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd")
def test_systemd_understands_the_unit(tmp_path):
    (unit,) = re.findall(r"```ini\n(.*?)```", (DOCS / "worker.md").read_text("utf-8"), re.DOTALL)
    file = tmp_path / "tttlrm.service"
    file.write_text(unit.replace("/opt/tttlrm/bin/tttlrm", "/bin/true"))
    said = subprocess.run(["systemd-analyze", "verify", file], capture_output=True, text=True)
    assert (said.returncode, said.stderr) == (0, "")
