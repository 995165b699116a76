# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks that share a folder of photo sets."""

import json
from pathlib import Path

import pytest

from operators.headless import claims
from tests.operators.headless.commands import folders, photo_set, tttlrm

pytestmark = pytest.mark.slow


@pytest.fixture
def sets(tmp_path) -> Path:
    for name in "abcde":
        photo_set(tmp_path / "sets" / name)
    return tmp_path / "sets"


def convert(sets: Path, *options: object) -> list[str]:
    """The names of the sets that are finished then."""
    assert tttlrm("convert", sets, "--out", sets.parent / "out", *options) == 0
    return folders(sets.parent / "out")


def test_shares_are_every_nth_set(sets):
    assert convert(sets, "--share", "2/2") == ["b", "d"]
    assert convert(sets, "--share", "1/4") == ["a", "b", "d", "e"]


def test_sets_are_chosen_by_name(sets, capsys):
    assert convert(sets, "--only", "c", "--only", "a") == ["a", "c"]
    assert tttlrm("convert", sets, "--out", sets.parent / "out", "--only", "z") == 2
    assert "There is no photo set named z" in capsys.readouterr().err


@pytest.mark.parametrize("share", ["0/2", "3/2", "1", "a/b", "1/2/3", "-1/2"])
def test_what_is_no_share_is_misuse(sets, share, capsys):
    assert tttlrm("convert", sets, "--out", sets.parent / "out", f"--share={share}") == 2
    assert "a share is I/N" in capsys.readouterr().err


def test_a_set_that_another_task_is_at_is_left_to_it(sets, quick, capsys):
    out = sets.parent / "out"
    out.mkdir()
    with claims.Watch().claim(out / "b"):
        assert tttlrm("convert", sets, "--out", out, "--only", "a", "--only", "b", "--json") == 0
    tally = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert tally["converted"] == ["a"] and tally["elsewhere"] == ["b"]
    assert folders(out) == ["a"]


def test_the_set_of_a_task_that_died_is_done(sets, quick):
    (sets.parent / "out").mkdir()
    (sets.parent / "out" / ".b.claim-1").touch()
    assert convert(sets, "--only", "b") == ["b"]
