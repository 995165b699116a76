# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether results can be written is known before they are made."""

import errno
import os
import shutil
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from tttlrm_blender import atomic_files
from tttlrm_blender.atomic_files import bytes_of, replacing, require_file, require_folder
from tttlrm_blender.errors import Code, TttlrmError


def in_the_way(folder: Path) -> Path:
    (folder / "file").write_text("")
    return folder / "file" / "out"


def a_file(folder: Path) -> Path:
    (folder / "file").write_text("")
    return folder / "file"


def dangling(folder: Path) -> Path:
    (folder / "link").symlink_to(folder / "nowhere")
    return folder / "link" / "out"


def kernel(folder: Path) -> Path:
    if not Path("/proc/self").exists():
        pytest.skip("there is no such file system")
    return Path("/proc/self/out")


def folders_in_the_way(folder: Path) -> Path:
    (folder / "a.ply").mkdir()
    return folder


@pytest.mark.parametrize("place", [in_the_way, a_file, dangling, kernel, folders_in_the_way])
def test_a_folder_that_cannot_be_written_is_told(place, tmp_path):
    folder = place(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(TttlrmError, match="cannot be written") as found:
        require_folder(folder, "a.ply")
    assert found.value.code == Code.CANNOT_WRITE and sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOSPC, errno.EDQUOT, errno.ENAMETOOLONG])
def test_whatever_the_disk_says_is_told(number, tmp_path, monkeypatch):
    def refuse(dir: Path) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(atomic_files, "TemporaryFile", refuse)
    with pytest.raises(TttlrmError, match=os.strerror(number)):
        require_folder(tmp_path / "new" / "newer")
    with pytest.raises(TttlrmError, match=os.strerror(number)):
        require_file(tmp_path / "a.ply")


def test_nothing_is_left_behind_where_all_is_well(tmp_path):
    require_folder(tmp_path / "new" / "newer", "a.ply", room=1)
    (tmp_path / "a.ply").write_text("old")
    require_file(tmp_path / "a.ply", room=1)
    assert [path.name for path in tmp_path.rglob("*")] == ["a.ply"] and (tmp_path / "a.ply").read_text() == "old"
    with pytest.raises(TttlrmError, match="cannot be written"):
        require_file(tmp_path / "new" / "a.ply")


def test_too_little_room_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=3_500_000))
    with pytest.raises(TttlrmError, match=r"Only 3\.5 MB are free for .*new"):
        require_folder(tmp_path / "new", room=4_000_000)
    require_folder(tmp_path / "new", room=3_000_000)


@pytest.mark.parametrize("name", ["", ".", "/", "file/a.ply", "n" * 300 + ".ply"])
def test_paths_that_no_file_has_are_a_sentence(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(TttlrmError, match="cannot be written") as caught, replacing(name) as part:
        part.write_text("x")
    assert caught.value.code == "cannot_write" and [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("patient", [True, False])
def test_a_reader_is_waited_for_where_nothing_it_reads_can_be_replaced(tmp_path, monkeypatch, patient):
    target, move, refusals = tmp_path / "a", Path.replace, [PermissionError(errno.EACCES, "it is read")] * 2
    target.write_text("old")

    def busy(path: Path, other: Path) -> Path:
        if refusals:
            raise refusals.pop()
        return move(path, other)

    monkeypatch.setattr(Path, "replace", busy)
    monkeypatch.setattr(atomic_files, "KEPT_BY_READERS", patient)
    with nullcontext() if patient else pytest.raises(TttlrmError, match="cannot be written"), replacing(target) as part:
        part.write_text("new")
    assert target.read_text() == ("new" if patient else "old") and len(list(tmp_path.iterdir())) == 1


def test_a_file_is_read_again_only_once_it_was_changed(tmp_path, monkeypatch):
    path, read = tmp_path / "a.json", Path.read_bytes
    path.write_text("one")
    reads = []
    monkeypatch.setattr(Path, "read_bytes", lambda *args, **how: reads.append(args) or read(*args, **how))
    assert [bytes_of(path) for _ in range(3)] == [b"one"] * 3 and len(reads) == 1
    with replacing(path) as part:
        part.write_text("two")
    assert [bytes_of(path) for _ in range(3)] == [b"two"] * 3 and len(reads) == 2
    path.unlink()
    with pytest.raises(FileNotFoundError):
        bytes_of(path)
