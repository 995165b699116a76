# SPDX-License-Identifier: GPL-3.0-or-later
"""One photo set by command, from a checkout, with the toy worker."""

import json
import signal

from operators.headless import batch
from operators.jobs import worker
from tests.operators.headless.commands import FILES, photo_set, tttlrm


def test_one_set_becomes_the_folder_that_is_named(tmp_path, capsys, asked):
    photos, out = photo_set(tmp_path / "a"), tmp_path / "made" / "statue"
    assert tttlrm("reconstruct", photos, "--out", out, "--views", 3, "--json") == 0
    assert {path.name for path in out.iterdir()} == FILES
    report = json.loads((out / "report.json").read_text())
    assert report["set"] == "statue" and asked()["settings"]["views"] == 3
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["converted"] == ["statue"]
    assert [path.name for path in out.parent.iterdir()] == ["statue"], "neither claims nor halves are left"


def test_who_interrupts_twice_is_told_once(tmp_path, capsys, monkeypatch):
    def interrupt(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(batch, "run", interrupt)
    monkeypatch.setattr(worker.link, "close", interrupt)  # as it ends, it is interrupted again
    assert tttlrm("reconstruct", photo_set(tmp_path / "a"), "--out", tmp_path / "out") == 130
    assert "what was finished before is kept" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_video_is_a_set(tmp_path, asked):
    (tmp_path / "clip.mp4").write_bytes(b"a film")
    assert tttlrm("reconstruct", tmp_path / "clip.mp4", "--out", tmp_path / "out") == 0
    assert (tmp_path / "out" / "report.json").exists() and asked()["files"] == ["clip.mp4"]


def test_a_finished_one_is_skipped_unless_forced(tmp_path, capsys, asked):
    photos, out = photo_set(tmp_path / "statue"), tmp_path / "out"
    tttlrm("reconstruct", photos, "--out", out, "--views", 3)
    assert tttlrm("reconstruct", photos, "--out", out, "--views", 4) == 0
    assert "0 converted, 1 finished before, 0 failed." in capsys.readouterr().out
    assert asked()["settings"]["views"] == 3
    before = (out / "report.json").stat().st_ino
    assert tttlrm("reconstruct", photos, "--out", out, "--views", 4, "--force") == 0
    assert asked()["settings"]["views"] == 4 and (out / "report.json").stat().st_ino != before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "statue"]


def test_a_forced_one_that_fails_leaves_the_old_folder(tmp_path):
    photos, out = photo_set(tmp_path / "statue"), tmp_path / "out"
    tttlrm("reconstruct", photos, "--out", out)
    (photos / "broken.json").write_text("{}")
    assert tttlrm("reconstruct", photos, "--out", out, "--force") == 1
    assert (out / "report.json").exists()


def test_force_does_not_touch_a_folder_that_is_no_result(tmp_path, capsys):
    photos, out = photo_set(tmp_path / "statue"), tmp_path / "out"
    out.mkdir()
    (out / "letter.txt").write_text("dear")
    assert tttlrm("reconstruct", photos, "--out", out, "--force") == 1
    assert "exists, but is not finished" in capsys.readouterr().out
    assert [path.name for path in out.iterdir()] == ["letter.txt"]


def test_photos_that_are_not_there_are_misuse(tmp_path, capsys):
    assert tttlrm("reconstruct", tmp_path / "nowhere", "--out", tmp_path / "out") == 2
    assert "There is nothing at" in capsys.readouterr().err


def test_the_log_is_kept_where_it_is_asked_for(tmp_path):
    tttlrm("reconstruct", photo_set(tmp_path / "statue"), "--out", tmp_path / "out", "--log", tmp_path / "worker.log")
    assert "event=job_ended" in (tmp_path / "worker.log").read_text()
