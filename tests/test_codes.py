# SPDX-License-Identifier: GPL-3.0-or-later
"""The codes of errors: each is raised somewhere, none is written as a text, and pages name those that there are."""

import ast
import re
from pathlib import Path

import pytest

from tttlrm_blender.errors import Code, Text, TttlrmError
from tttlrm_blender.protocol.messages import Decoder, Failed, Progress, encode

ROOT = Path(__file__).resolve().parents[1]
DEFINED = ROOT / "tttlrm_blender" / "errors.py"
SOURCES = [file for room in ("tttlrm_blender", "operators") for file in sorted((ROOT / room).rglob("*.py"))]


@pytest.mark.parametrize("code", Code)
def test_every_code_is_used(code):
    assert any(re.search(rf"\bCode\.{code.name}\b", file.read_text("utf-8")) for file in SOURCES)


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_no_code_is_written_as_a_text(file):
    tree = ast.parse(file.read_text("utf-8"))
    given = [word.value for call in ast.walk(tree) if isinstance(call, ast.Call) for word in call.keywords if word.arg == "code"]
    compared = [
        part
        for each in ast.walk(tree)
        if isinstance(each, ast.Compare) and getattr(each.left, "attr", "") == "code"
        for part in each.comparators
    ]
    constants = [part for whole in given + compared for part in ast.walk(whole) if isinstance(part, ast.Constant)]
    assert [part.value for part in constants if isinstance(part.value, str)] == []


def test_every_code_says_when_it_is_raised():
    """In a comment beside it."""
    told = re.findall(r'^    ([A-Z_]+) = "([a-z_]+)"  # \S.*$', DEFINED.read_text("utf-8"), re.MULTILINE)
    assert [(code.name, code.value) for code in Code] == told


def test_the_limits_name_codes_that_there_are():
    page = (ROOT / "docs" / "worker.md").read_text("utf-8")
    rows = re.findall(r"^\| `\w+` \| .* \| `(\w+)` \|$", page.partition("## Limits")[2].partition("## Health")[0], re.MULTILINE)
    assert {Code.QUEUE_FULL, Code.TOO_LARGE, Code.UNREAD} <= set(rows) <= set(Code)


def test_codes_and_stages_of_a_newer_worker_are_kept_as_they_are():
    failed = Failed("too_dark", Text("The scene is too dark."))
    for sent in (failed, Progress("fold", 0.5)):
        (frame,) = encode(1, sent)
        assert Decoder(0).feed(frame) == (1, sent)
    error = failed.error()
    assert error.code == "too_dark" and str(error) == "The scene is too dark." and error.code not in set(Code)


def test_a_code_is_its_text_on_the_wire():
    (frame,) = encode(1, Failed.of(TttlrmError("It broke.", code=Code.BAD_PHOTO)))
    assert '"code": "bad_photo"' in frame and f"{Code.BAD_PHOTO}" == "bad_photo"
