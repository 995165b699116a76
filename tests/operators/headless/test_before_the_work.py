# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands whose results cannot be written fail before they open a file or start a worker."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from operators.headless import blend_files
from operators.jobs import worker
from tests.operators.headless.commands import photo_set, tttlrm


@pytest.fixture(autouse=True)
def idle(monkeypatch):
    for room, name in ((worker, "start"), (blend_files, "open_file"), (blend_files, "begin")):
        monkeypatch.setattr(room, name, lambda *_: pytest.fail("the work was begun"))


COMMANDS = {
    "reconstruct": ["reconstruct", "statue", "--out", "OUT/a"],
    "convert": ["convert", "sets", "--out", "OUT"],
    **{kind: [kind, "a.blend", "--scenes", "scenes", "--out", "OUT/b.blend"] for kind in ("decode", "refine", "mesh")},
    "extend": ["extend", "a.blend", "statue", "--scenes", "scenes", "--out", "OUT/b.blend"],
    "import": ["import", "a.ply", "--out", "OUT/b.blend"],
    "export": ["export", "a.blend", "--out", "OUT/b.ply"],
    "cameras": ["cameras", "a.blend", "--out", "OUT/transforms.json"],
}
WORKERLESS = {"import", "export", "cameras"}


@pytest.mark.parametrize("name", COMMANDS)
def test_results_that_cannot_be_written(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    photo_set(tmp_path / "sets" / "statue")
    photo_set(tmp_path / "statue")
    Path("file").write_text("")
    arguments = [word.replace("OUT", "file/out") for word in COMMANDS[name]]
    assert tttlrm(*arguments, python=name not in WORKERLESS) == 1
    assert "cannot be" in capsys.readouterr().err


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in WORKERLESS])
def test_a_disk_with_too_little_room(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    photo_set(tmp_path / "sets" / "statue")
    photo_set(tmp_path / "statue")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1_000_000))
    assert tttlrm(*[word.replace("OUT", ".") for word in COMMANDS[name]]) == 1
    assert "Only 1.0 MB are free" in capsys.readouterr().err


def test_a_format_that_is_not_known(tmp_path, capsys):
    assert tttlrm("export", "a.blend", "--out", tmp_path / "b.obj", python=False) == 1
    assert "b.obj is not a splat file" in capsys.readouterr().err


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("out", ["/", "n" * 300])
def test_names_that_no_result_can_have(name, out, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    photo_set(tmp_path / "sets" / "statue")
    photo_set(tmp_path / "statue")
    place = COMMANDS[name].index("--out") + 1
    suffix = "" if out == "/" else Path(COMMANDS[name][place]).suffix
    if name == "convert" and out == "/":
        pytest.skip("a folder of results may be anywhere")
    assert tttlrm(*COMMANDS[name][:place], f"{out}{suffix}", *COMMANDS[name][place + 1 :], python=name not in WORKERLESS) == 1
    told = capsys.readouterr()
    assert any(words in told.err + told.out for words in ("cannot be", "is not a splat file"))
