# SPDX-License-Identifier: GPL-3.0-or-later
"""Uploads into a scene's folder, and their limits."""

import contextlib
import os
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.worker.limits import Limits
from tttlrm_blender.worker.session import STARTS, Session
from tttlrm_blender.worker.sessions import LABEL, Sessions


@pytest.fixture
def session(tmp_path) -> Session:
    """A scene of small limits."""
    return Session(tmp_path / "scene", lambda folder: folder, Limits(file_bytes=10, session_bytes=25, files=4, depth=3))


def store(session: Session, path: str, data: bytes = b"1") -> None:
    """Receive a file in one piece."""
    incoming = session.begin(path, len(data))
    incoming.write(0, memoryview(data))
    incoming.store()


@pytest.mark.parametrize(
    "path", ["a.jpg", "images/0001.jpg", "sparse/0/cameras.bin", "ä ö/ü.png", ".hidden", "a..b", "…\u202f.png"]
)
def test_files_appear_where_they_belong(session, path):
    store(session, path, b"123")
    assert session.photos.joinpath(path).read_bytes() == b"123"


ESCAPES = [
    "",
    ".",
    "..",
    "/",
    "/etc/passwd",
    "../a",
    "a/../../b",
    "a/..",
    "a//b",
    "a/",
    "./a",
    "a/./b",
    "C:/a",
    "C:a",
    "a:b",
    "..\\a",
]
ESCAPES += ["a\\b", "\\\\host\\a", "a\0b", "a\nb", "a.", "a ", "..  ", "x" * 256, "a/b/c/d", "\ud800", "a/*", 'a"', "a|b", "NUL:"]


@pytest.mark.parametrize("path", ESCAPES)
def test_paths_that_lead_elsewhere_are_refused(session, path):
    with pytest.raises(TttlrmError) as caught:
        session.begin(path, 1)
    assert caught.value.code == "bad_path"


DEVICES = [
    "CON",
    "con.txt",
    "NUL.jpg",
    "COM1.png",
    "lpt9",
    "Aux.tar.gz",
    "images/PRN.png",
    "NUL /a",
    "com¹.jpg",
    "CONIN$",
    "nul .a",
]


@pytest.mark.parametrize("path", DEVICES)
def test_devices_of_windows_are_no_files(session, path):
    with pytest.raises(TttlrmError) as caught:
        session.begin(path, 1)
    assert caught.value.code == "bad_path"


@pytest.mark.parametrize("path", ["CONE.jpg", "com.png", "COM10.png", "null.jpg", "a.con", "lpt/a.jpg", "NULs"])
def test_names_that_only_look_like_devices_are_files(session, path):
    store(session, path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(path=st.lists(st.sampled_from(["..", ".", "a", "/", "\\", "", "b.jpg", "~", "C:", "\0"]), max_size=6).map("/".join))
def test_whatever_the_path_nothing_is_written_outside(tmp_path_factory, path):
    house = tmp_path_factory.mktemp("house")
    folder = house / "scenes"
    folder.mkdir()
    session = Session(folder, Path, Limits())
    with contextlib.suppress(TttlrmError):
        store(session, path)
    assert [entry.name for entry in house.iterdir()] == ["scenes"]
    assert all(file.is_relative_to(session.photos) for file in house.rglob("*") if file.is_file())


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_links_are_not_followed(session, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (session.photos / "folder").symlink_to(outside)
    with pytest.raises(TttlrmError, match="leads out"):
        session.begin("folder/a", 1)
    (outside / "file").write_bytes(b"precious")
    (session.photos / "link").symlink_to(outside / "file")
    store(session, "link", b"new")
    assert (outside / "file").read_bytes() == b"precious"


def test_a_file_is_seen_only_when_complete(session):
    incoming = session.begin("a", 4)
    incoming.write(0, memoryview(b"12"))
    assert not incoming.complete and not list(session.photos.iterdir())
    incoming.write(2, memoryview(b"34"))
    assert incoming.complete and not list(session.photos.iterdir())
    incoming.store()
    assert (session.photos / "a").read_bytes() == b"1234"


@pytest.mark.parametrize("size", [11, -1, 1 << 80])
def test_files_have_a_bound(session, size):
    with pytest.raises(TttlrmError) as caught:
        session.begin("a", size)
    assert caught.value.code == "too_large"


def test_scenes_have_a_bound_and_replacing_a_file_counts_once(session):
    for path in ("a", "b", "a", "b"):
        store(session, path, b"x" * 10)
    with pytest.raises(TttlrmError) as caught:
        store(session, "c", b"x" * 10)
    assert caught.value.code == "too_large"
    store(session, "c", b"x" * 5)


def test_the_number_of_files_has_a_bound(session):
    for path in "abcd":
        store(session, path)
    with pytest.raises(TttlrmError, match="4 files"):
        store(session, "e")


def test_a_refused_upload_gives_its_room_back(session):
    for _ in range(5):
        incoming = session.begin("a", 10)
        incoming.discard()
        store(session, "b", b"x" * 10)
        session.begin("c", 10).discard()


def test_a_file_where_a_folder_is_wanted_is_an_error_that_names_it(session):
    store(session, "a")
    with pytest.raises(TttlrmError, match="a/b cannot be written"):
        store(session, "a/b")


def test_a_name_is_free_once_it_is_popped(tmp_path):
    sessions = Sessions(tmp_path, lambda folder: folder, Limits())
    first = sessions.open("s")
    assert sessions.open("s") is sessions.get("s") is first
    assert sessions.pop("s") is first and sessions.pop("s") is None
    with pytest.raises(TttlrmError) as caught:
        sessions.get("s")
    assert caught.value.code == "no_scene"
    assert sessions.open("s").photos != first.photos


def test_scenes_outlive_those_who_keep_them(tmp_path):
    sessions = Sessions(tmp_path, lambda folder: folder, Limits())
    session = sessions.open("ä/b")
    store(session, "a", b"123")
    session.begin("cut off", 5)
    (session.folder / ".scene.0123.safetensors").write_bytes(b"cut off")
    again = Sessions(tmp_path, lambda folder: folder, Limits(files=2))
    assert again.get("ä/b").photos == session.photos and (session.photos / "a").read_bytes() == b"123"
    assert not list((session.folder / "incoming").iterdir()) and not list(session.folder.glob(".*"))
    store(again.get("ä/b"), "b")
    with pytest.raises(TttlrmError, match="2 files"):
        store(again.get("ä/b"), "c")


def test_scenes_that_were_being_removed_are_gone_and_other_folders_are_not(tmp_path):
    sessions = Sessions(tmp_path, lambda folder: folder, Limits())
    folder = sessions.open("s").folder
    sessions.pop("s")
    (tmp_path / "holiday photos").mkdir()
    assert folder.exists()
    with pytest.raises(TttlrmError):
        Sessions(tmp_path, lambda folder: folder, Limits()).get("s")
    assert [path.name for path in tmp_path.iterdir()] == ["holiday photos"]


def test_the_scene_unused_for_longest_goes_first_and_people_are_told_before(tmp_path):
    sessions = Sessions(tmp_path, lambda folder: folder, Limits(total_bytes=900))
    for name in ("oldest", "busy", "old", "new"):
        session = sessions.open(name)
        store(session, "a", b"x" * 190)
        assert sessions.used(session) == []
    sessions.get("busy").jobs = 1
    assert "'oldest'" in str(sessions.warning())
    store(sessions.get("new"), "b", b"x" * 165)
    assert [session.photos.name for session in sessions.used(sessions.get("new"))] == ["photos"]
    with pytest.raises(TttlrmError):
        sessions.get("oldest")
    assert "'old'" in str(sessions.warning())
    store(sessions.get("new"), "c", b"x" * 2000)
    assert len(sessions.used(sessions.get("new"))) == 1, "neither the busy one nor the one just used"
    assert sessions.get("busy") and sessions.get("new")


def send(sessions: Sessions, name: str, path: str, size: int) -> list[Session]:
    """Receive a file in one piece; gives the scenes that made room."""
    incoming, dropped = sessions.begin(name, path, size)
    incoming.write(0, memoryview(b"x" * size))
    incoming.store()
    return dropped


def test_uploads_alone_make_room_too(tmp_path):
    sessions = Sessions(tmp_path, lambda folder: folder, Limits(total_bytes=3000))
    for number in range(20):
        for dropped in send(sessions, f"scene {number}", "a", 900):
            dropped.remove()
    assert sum(path.stat().st_size for path in tmp_path.rglob("a")) <= 3000 and len(sessions) == 3
    assert sessions.get("scene 19") and sessions.get("scene 17")


def test_one_scene_has_no_more_room_than_all(tmp_path):
    sessions = Sessions(tmp_path, lambda folder: folder, Limits(total_bytes=3000))
    for _ in range(20):  # the same file, and one that is given up
        send(sessions, "s", "a", 900)
        sessions.begin("s", "b", 900)[0].discard()
    send(sessions, "s", "b", 900)
    sessions.begin("s", "c", 900)
    for path in ("d", "e"):
        with pytest.raises(TttlrmError, match="no room for") as caught:
            sessions.begin("s", path, 900)
        assert caught.value.code == "too_large"
    sessions.get("s").jobs = 1
    with pytest.raises(TttlrmError, match="no room for"):
        sessions.begin("t", "a", 900)


def test_uploads_that_are_given_up_push_out_no_other_scene(tmp_path):
    sessions = Sessions(tmp_path, lambda folder: folder, Limits(total_bytes=3000))
    send(sessions, "precious", "a", 900)
    for _ in range(20):
        sessions.begin("s", "a", 900)[0].discard()
    half, _ = sessions.begin("s", "b", 900)
    half.write(0, memoryview(b"x" * 800))
    half._file.flush()
    sessions.used(sessions.get("s"))
    assert send(sessions, "t", "a", 900) == [] and sessions.get("precious")


@pytest.mark.parametrize("used", ["1e999", "-1e999", "NaN", '"x"', "[]", "null", "1" * 5000, "[" * 100_000])
def test_an_odd_label_keeps_no_other_scene_out(tmp_path, used):
    sessions = Sessions(tmp_path, lambda folder: folder, Limits())
    (sessions.open("odd").folder / LABEL).write_text(f'{{"name": "odd", "used": {used}}}')
    sessions.open("good")
    again = Sessions(tmp_path, lambda folder: folder, Limits())
    assert again.get("good") and len(list(tmp_path.iterdir())) == 2


def test_what_a_killed_worker_was_receiving_is_gone_at_the_next_start(tmp_path):
    session = Sessions(tmp_path, lambda folder: folder, Limits()).open("s")
    session.begin("a", 900).write(0, memoryview(b"x" * 100))
    (session.cache / "alpha").mkdir(parents=True)
    for path in (".scene.0123.safetensors", "cache/alpha/.0.0123.png"):
        (session.folder / path).write_bytes(b"cut off")
    Sessions(tmp_path, lambda folder: folder, Limits())
    assert [path.name for path in session.folder.rglob("*") if path.is_file()] == [LABEL]


YEARS = 3600.0 * 24 * 365 * 20


@pytest.mark.parametrize("jump", [YEARS, -YEARS])
def test_a_clock_that_jumps_does_not_change_which_scene_goes_first(tmp_path, jump):
    sessions = Sessions(tmp_path, lambda folder: folder, Limits())
    folders = {}
    for name in "cabc":
        folders[name] = sessions.open(name).folder
        sessions.used(sessions.get(name))
        for label in tmp_path.glob(f"*/{LABEL}"):
            written = label.stat().st_mtime + jump  # as if the clock had been elsewhere then
            os.utime(label, (written, written))
    again = Sessions(tmp_path, lambda folder: folder, Limits(sessions=2))
    assert [dropped.folder for dropped in again.used(again.get("c"))] == [folders["a"], folders["b"]]


def test_a_label_that_cannot_be_read_is_no_reason_to_remove_a_scene(tmp_path, caplog):
    session = Sessions(tmp_path, lambda folder: folder, Limits()).open("s")
    store(session, "a")
    label = (session.folder / LABEL).read_text()
    (session.folder / LABEL).write_text("{")
    assert not len(Sessions(tmp_path, lambda folder: folder, Limits())) and "cannot be read" in caplog.text
    (session.folder / LABEL).write_text(label)
    assert (Sessions(tmp_path, lambda folder: folder, Limits()).get("s").photos / "a").exists()


def test_a_scene_whose_label_cannot_be_written_has_its_turn_all_the_same(tmp_path):
    sessions = Sessions(tmp_path, lambda folder: folder, Limits(sessions=2))
    first, second = sessions.open("first"), sessions.open("second")
    shutil.rmtree(first.folder)  # by somebody else, as could be a disk that is full
    assert sessions.used(first) == [second]


def test_what_is_on_disk_can_leave_memory(tmp_path):
    made = []
    sessions = Sessions(tmp_path, lambda folder: made.append(folder) or object(), Limits())
    first = sessions.open("s").scene()
    sessions.get("s").jobs = 1
    sessions.release()
    assert sessions.get("s").scene() is first
    sessions.get("s").jobs = 0
    sessions.release()
    assert sessions.get("s").scene() is not first and len(made) == 2


def test_the_scene_is_made_once_from_the_folder(session):
    assert session.scene() is session.scene() == session.photos


def test_only_the_newest_splats_to_start_from_are_kept(tmp_path):
    session = Session(tmp_path / "scene", lambda folder: folder, Limits(file_bytes=10, session_bytes=200, files=100, depth=3))
    store(session, "1.jpg")
    for number in range(STARTS + 3):
        store(session, f"splats/{number}.npz")
    store(session, "splats/3.npz", b"22")  # is the newest again
    store(session, "splats/x.npz")
    left = {path.stem for path in (session.photos / "splats").iterdir()}
    assert left == {"3", "x", *map(str, range(5, STARTS + 3))} and session.stored == 1 + 2 + STARTS - 1
    assert (session.photos / "1.jpg").exists()


def test_splats_that_waiting_jobs_start_from_are_kept(tmp_path):
    session = Session(tmp_path / "scene", lambda folder: folder, Limits(files=100))
    for session.jobs in range(STARTS + 3):  # each file is of the job after it
        store(session, f"splats/{session.jobs}.npz")
    assert len(list((session.photos / "splats").iterdir())) == STARTS + 3


def test_photos_in_a_folder_of_that_name_are_photos(tmp_path):
    sessions = Sessions(tmp_path, lambda folder: folder, Limits())
    for number in range(STARTS + 3):
        store(sessions.open("s"), f"splats/{number}.jpg")
    assert len(list((sessions.open("s").photos / "splats").iterdir())) == STARTS + 3
    incoming, _ = sessions.begin("new", "splats/1.jpg", 1)
    incoming.discard()


def test_splats_to_start_from_make_no_scene(tmp_path):
    sessions = Sessions(tmp_path, lambda folder: folder, Limits())
    with pytest.raises(TttlrmError) as caught:
        sessions.begin("gone", "splats/a.npz", 1)
    assert caught.value.code == "no_scene" and len(sessions) == 0
