# SPDX-License-Identifier: GPL-3.0-or-later
"""Where results that took long are kept, and under which names."""

import errno
import os
import shutil
from pathlib import Path

import pytest

from tttlrm_blender.cache import content_name, keep, keep_copy, keeping_in, kept_folder
from tttlrm_blender.errors import Code, TttlrmError


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_names_follow_content_and_not_place(tmp_path: Path) -> None:
    a, b, other = write(tmp_path / "a", "x"), write(tmp_path / "c/b", "x"), write(tmp_path / "d", "y")
    assert content_name([a]) == content_name([b]) != content_name([other])
    assert len({content_name([a]), content_name([a, b]), content_name([a], 1), content_name([a], "1")}) == 4
    assert content_name([a, other]) != content_name([other, a])


def test_the_folder_is_the_one_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTTLRM_CACHE", str(tmp_path / "cache"))
    assert kept_folder("poses") == tmp_path / "cache/poses"
    assert (tmp_path / "cache/poses").is_dir()


@pytest.mark.skipif(os.name != "posix", reason="file modes are of POSIX")
def test_only_its_user_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTTLRM_CACHE", str(tmp_path / "above/cache"))
    assert [path.stat().st_mode & 0o777 for path in (kept_folder("frames"), tmp_path / "above/cache")] == [0o700, 0o700]
    (tmp_path / "above/cache/poses").mkdir()
    assert kept_folder("poses").stat().st_mode & 0o777 == 0o700, "of an earlier version"


def test_what_belongs_to_a_scene_is_kept_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTTLRM_CACHE", str(tmp_path / "cache"))
    with keeping_in(tmp_path / "scene"):
        assert kept_folder("frames", of_scene=True) == tmp_path / "scene/frames"
        assert kept_folder("poses") == tmp_path / "cache/poses"
    assert kept_folder("frames", of_scene=True) == tmp_path / "cache/frames"


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTTLRM_CACHE", str(write(tmp_path / "file", "")))
    with pytest.raises(TttlrmError, match="Set TTTLRM_CACHE") as caught:
        kept_folder("poses")
    assert caught.value.code == "cannot_write"


def test_what_another_process_kept_stays(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    for text in ("first", "second"):
        keep(write(tmp_path / "made/file", text).parent, kept)
        (tmp_path / "made").mkdir(exist_ok=True)
    assert (kept / "file").read_text() == "first"


def test_what_cannot_be_kept_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        keep(tmp_path / "never made", tmp_path / "kept")


def test_copies_are_kept_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, cache = write(tmp_path / "made/file", "x").parent, tmp_path / "cache"
    cache.mkdir()
    keep_copy(made, cache / "a")
    assert (cache / "a/file").read_text() == (made / "file").read_text() == "x"

    def copyfile(source: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(shutil, "copyfile", copyfile)
    with pytest.raises(TttlrmError, match="No space left") as caught:
        keep_copy(made, cache / "b")
    assert caught.value.code == Code.CANNOT_WRITE and caught.value.hint
    assert [path.name for path in cache.iterdir()] == ["a"]
