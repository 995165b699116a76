# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of the environment, and the note in it, in whatever state they are."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.setup import Environment
from tttlrm_blender.setup.commands import Source
from tttlrm_blender.setup.machine import Build

CPU = Source(Build("cpu", "cpu"))
DAMAGED = [
    b"", b"{", b"[]", b"3", b"null", b'"text"', b'{"torch": 2}', b'{"source": ["cpu"]}', b'{"torch": null}', b"{}",
    b"[" * 100_000, b"\0", b"\xff\xfe", b'{"source": "cpu', b"NaN",
]  # fmt: skip
JSON = st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda of: st.lists(of) | st.dictionaries(st.text(), of))


def noted(folder: Path, note: bytes) -> Environment:
    """An environment with a note."""
    folder.mkdir(exist_ok=True)
    (folder / "tttlrm.json").write_bytes(note)
    return Environment(folder)


@pytest.mark.parametrize("note", DAMAGED, ids=lambda note: repr(note[:12]))
def test_a_damaged_note_is_told_and_the_environment_can_be_made_anew(note, tmp_path):
    found = noted(tmp_path / "environment", note)
    assert found.state == "damaged" and found.torch == "" and not found.fits(CPU)
    found.check()
    found.remove()
    assert not found.folder.exists()


@given(st.binary() | JSON.map(lambda note: json.dumps(note).encode()))
def test_no_note_breaks_the_preferences(tmp_path_factory, note):
    found = noted(tmp_path_factory.getbasetemp() / "note", note)
    assert found.state in ("damaged", "unfinished", "outdated") and isinstance(found.torch, str)


def test_a_note_tells_the_state(tmp_path):
    found = Environment(tmp_path / "environment")
    assert found.state == "none"
    found.begin(CPU)
    assert found.state == "unfinished"
    found.finish(CPU, "2.13.0+cpu")
    assert (found.state, found.torch) == ("ready", "2.13.0+cpu")


def test_a_file_in_the_way_is_told(tmp_path):
    found = Environment(tmp_path / "environment")
    found.folder.write_text("a file")
    with pytest.raises(TttlrmError, match=r"A file .*environment is in the way") as caught:
        found.begin(CPU)
    assert caught.value.code == "bad_folder" and found.folder.read_text() == "a file"


@pytest.mark.parametrize("target", ["unplugged/environment", "environment", "a file"])
def test_a_link_to_no_folder_is_told(target, tmp_path):
    found = Environment(tmp_path / "environment")
    (tmp_path / "a file").touch()
    found.folder.symlink_to(tmp_path / target)
    with pytest.raises(TttlrmError, match=rf"is a link to .*{target}, where there is no folder") as caught:
        found.begin(CPU)
    assert caught.value.code == "bad_folder" and found.folder.is_symlink() and found.state == "none"


def test_a_linked_folder_is_emptied_and_kept(tmp_path):
    found, target = Environment(tmp_path / "environment"), tmp_path / "large disk"
    target.mkdir()
    found.folder.symlink_to(target)
    found.begin(CPU)
    (target / "lib").mkdir()
    (target / "lib64").symlink_to("lib")
    (target / "elsewhere").symlink_to(tmp_path)
    assert found.state == "unfinished"
    found.remove()
    assert found.folder.is_symlink() and not any(target.iterdir())


def test_a_link_to_a_folder_with_other_contents_leaves_them_alone(tmp_path):
    found, target = Environment(tmp_path / "environment"), tmp_path / "photos"
    target.mkdir()
    (target / "1.jpg").touch()
    found.folder.symlink_to(target)
    with pytest.raises(TttlrmError, match="already contains something else"):
        found.begin(CPU)
    found.remove()
    assert (target / "1.jpg").exists()
