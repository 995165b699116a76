# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of photos of the same name never overwrite each other, and can be written on every system."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tttlrm_blender.commands.picture_names import DEVICES, FORBIDDEN, file_names, unique


def test_names_are_short_and_different() -> None:
    assert file_names(["images/0.png", "images/1.png"]) == ["0", "1"]
    assert file_names(["a/0.png", "b/0.png", "b/1.png"]) == ["a_0", "b_0", "1"]
    assert file_names(["./train/r.0", "./train/r.1"]) == ["r.0", "r.1"]
    assert file_names(["a.jpg", "a.png", "A.tif"]) == ["a", "a-2", "A-3"]
    assert file_names(["/home/me/0.jpg", "C:\\x\\0.jpg"]) == ["home_me_0", "C__x_0"]
    assert file_names(["../a/0.png", "a/0.png"]) == ["a_0", "a_0-2"]
    assert file_names(["", ".", "..", "con.png", "CON", "nul.tar", "a?b:c.png"]) == [
        "picture",
        "picture-2",
        "picture-3",
        "con_",
        "CON_-2",
        "nul.tar_",
        "a_b_c",
    ]
    assert unique(["a", "a-2", "a", "a"]) == ["a", "a-2", "a-3", "a-4"]


@pytest.mark.parametrize("name", ["日" * 150, "é" * 300, "\ud800", "caf\udce9"])
def test_names_fit_every_file_system(name: str) -> None:
    (made,) = file_names([name])
    assert 0 < len(made.encode()) <= 200


@given(st.lists(st.text("ab/\\.:-_2 jpgCON\0", max_size=12), max_size=8))
def test_every_picture_has_a_file_of_its_own(names: list[str]) -> None:
    made = file_names(names)
    assert len({name.casefold() for name in made}) == len(names)
    for name in made:
        assert name and not FORBIDDEN.search(name) and not re.search(r"[/\\]", name) and not DEVICES.match(name)


@given(st.lists(st.sampled_from(["a", "A", "a-2", "a-3", "b"]), max_size=8))
def test_numbers_avoid_names_that_are_there(names: list[str]) -> None:
    made = unique(names)
    assert len({name.casefold() for name in made}) == len(names)
    assert all(name in made or name.casefold() in {other.casefold() for other in made} for name in names)
