# SPDX-License-Identifier: GPL-3.0-or-later
"""Many photo sets in one go, from a checkout, with the toy worker."""

import json
import os
import shutil
import signal
import sys
from pathlib import Path

import bpy
import numpy as np
import pytest

from operators.engine import client
from operators.headless import batch, command_line, result
from operators.jobs import worker
from operators.jobs.chosen_worker import Worker
from tests.operators.headless.commands import FILES, folders
from tests.operators.photos import save_photo
from tests.operators.worker_python import WORKER_PYTHON
from tttlrm_blender.gaussians.formats.ply import read_ply

pytestmark = pytest.mark.slow


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    folder = tmp_path / "sets"
    for name in ("broken", "deadly", "empty", "statue"):
        (folder / name).mkdir(parents=True)
    for name in ("broken", "deadly", "statue"):
        save_photo(folder / name / "1.png")
        (folder / name / f"{name}.json").write_text("{}")
    (folder / "notes.txt").write_text("not a set")
    return folder


def convert(sets: Path, *options: str) -> int:
    return command_line.main(["convert", str(sets), "--out", str(sets.parent / "out"), "--python", WORKER_PYTHON, *options])


def test_every_good_set_becomes_a_folder_and_every_bad_one_is_reported(sets, capsys):
    assert convert(sets, "--json") == 1
    tally = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert tally["converted"] == ["statue"] and tally["skipped"] == []
    assert "There are no photos in" in tally["failed"]["empty"]
    assert "is cut off" in tally["failed"]["broken"]
    assert "stopped unexpectedly" in tally["failed"]["deadly"]
    out = sets.parent / "out"
    assert folders(out) == ["statue"]
    assert {path.name for path in (out / "statue").iterdir()} == FILES


def test_finished_sets_are_skipped_the_second_time(sets, capsys):
    for name in ("broken", "deadly", "empty"):
        (sets / name).rename(sets.parent / name)
    assert convert(sets) == 0
    report = sets.parent / "out" / "statue" / "report.json"
    before = report.stat().st_mtime_ns
    assert convert(sets) == 0
    assert report.stat().st_mtime_ns == before
    assert "0 converted, 1 finished before, 0 failed." in capsys.readouterr().out


def test_what_is_written_is_the_reconstruction(sets, asked):
    convert(sets, "--views", "5", "--scan", "ar")
    out = sets.parent / "out" / "statue"
    report = json.loads((out / "report.json").read_text())
    assert report["set"] == "statue" and asked()["settings"]["views"] == 5 and asked()["settings"]["scan"] == "ar"
    assert len(read_ply(out / "splats.ply")) == report["splats"] == 12
    assert (out / "mesh.glb").read_bytes() == b"glTF"
    picture = bpy.data.images.load(str(out / "preview.png"))
    pixels = np.array(picture.pixels).reshape(24, 32, 4)
    assert pixels[-1, 0].tolist() == [1, 0, 0, 1] and pixels[..., :3].sum() == 1
    bpy.ops.wm.open_mainfile(filepath=str(out / "statue.blend"))
    kinds = {obj.type for obj in bpy.data.collections["statue"].all_objects}
    assert kinds == {"POINTCLOUD", "MESH", "CAMERA", "EMPTY"}
    assert tuple(getattr(bpy.context.scene.render, f"resolution_{axis}") for axis in "xy") == (32, 24)


def test_a_mesh_can_be_declined(sets):
    convert(sets, "--no-mesh")
    assert {path.name for path in (sets.parent / "out" / "statue").iterdir()} == FILES - {"mesh.glb"}


def test_a_set_whose_mesh_fails_keeps_its_splats_and_says_so(sets, capsys):
    assert convert(sets, "--voxel", "1000", "--only", "statue", "--json") == 1
    said = capsys.readouterr().out.splitlines()
    assert "1 converted (1 without a mesh), 0 finished before, 0 failed." in said
    assert "the voxels are too large" in json.loads(said[-1])["without_mesh"]["statue"]
    out = sets.parent / "out" / "statue"
    assert {path.name for path in out.iterdir()} == FILES - {"mesh.glb"}
    assert json.loads((out / "report.json").read_text())["notes"] == ["There is no mesh: the voxels are too large."]


def pressing(monkeypatch, at: str, times: int = 1) -> None:
    """Somebody presses Ctrl+C when a stage is said."""
    left = [signal.SIGINT] * times

    def say(name: str, what: str) -> None:
        while what == at and left:
            signal.raise_signal(left.pop())

    monkeypatch.setattr(batch, "_printer", lambda: say)


def test_a_set_that_is_ended_early_keeps_its_splats_and_is_made_again(sets, capsys, monkeypatch):
    (sets / "statue").rename(sets / "a statue")  # the first
    with monkeypatch.context() as patch:
        pressing(patch, "refine")
        assert convert(sets, "--refine", "50", "--json") == 130
    said = capsys.readouterr()
    assert json.loads(said.out.splitlines()[-1])["ended_early"] == ["a statue"] and "stopped" in said.err
    assert folders(sets.parent / "out") == ["a statue"], "the other sets have not begun"
    report = sets.parent / "out" / "a statue" / "report.json"
    assert json.loads(report.read_text())["ended_early"] and len(read_ply(report.with_name("splats.ply")))
    assert convert(sets, "--refine", "1", "--only", "a statue") == 0
    assert not json.loads(report.read_text())["ended_early"] and report.with_name("mesh.glb").exists()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize(("at", "times"), [("connect", 1), ("refine", 2)], ids=["before there are splats", "twice"])
def test_nothing_is_kept(sets, monkeypatch, at, times):
    pressing(monkeypatch, at, times)
    assert convert(sets, "--refine", "50", "--only", "statue") == 130
    assert not list((sets.parent / "out").iterdir())


def test_a_folder_that_is_no_result_is_not_touched(sets, capsys):
    (sets.parent / "out" / "statue").mkdir(parents=True)
    assert convert(sets) == 1
    assert "exists, but is not finished" in capsys.readouterr().out
    assert not list((sets.parent / "out" / "statue").iterdir())


def test_a_place_that_cannot_be_written_to_is_told(sets, capsys):
    (sets.parent / "out").write_text("a file")
    assert convert(sets) == 1
    assert "cannot be created" in capsys.readouterr().err


def test_wrong_arguments_are_told(sets, capsys):
    assert command_line.main([]) == 2
    assert command_line.main(["convert", "--help"]) == 0
    assert command_line.main(["convert", str(sets / "nowhere"), "--out", "x"]) == 2
    assert convert(sets, "--size", "270") == 2
    assert "--size must be WIDTHxHEIGHT, such as 270x480; got 270" in capsys.readouterr().err


def test_the_worker_ends_with_the_batch(sets):
    convert(sets)
    assert not worker.link.connected


def test_a_worker_that_is_running_can_be_used(sets):
    with client.launch_worker(WORKER_PYTHON) as process:
        link = worker.Link()
        assert link.reach(Worker(None, process.host, process.port, process.token)).connected
        link.close()
        assert process.alive


@pytest.mark.parametrize("target", [True, False], ids=["there", "between two names"])
def test_what_a_killed_task_left_is_swept_by_the_next(tmp_path: Path, target: bool) -> None:
    left = tmp_path / ".a[1].part-0123abcd"
    old, foreign = left.with_name(f"{left.name}-old"), tmp_path / ".b.part-0123abcd"
    for folder in (left, old, foreign, *([tmp_path / "a[1]"] if target else [])):
        folder.mkdir()
        (folder / "file").write_text(folder.name)
    with pytest.raises(ZeroDivisionError), result._whole_folder(tmp_path / "a[1]"):
        raise ZeroDivisionError
    assert sorted(path.name for path in tmp_path.iterdir()) == [foreign.name, "a[1]"]
    assert (tmp_path / "a[1]/file").read_text() == ("a[1]" if target else old.name)


@pytest.mark.skipif(os.name == "nt" or sys.platform == "darwin", reason="names are text there")
def test_a_set_whose_name_is_no_text_is_one_sentence_and_the_others_are_converted(sets, capsys):
    for name in ("broken", "deadly", "empty"):
        (sets / name).rename(sets.parent / name)
    shutil.copytree(os.fsencode(sets / "statue"), os.fsencode(sets) + b"/caf\xe9")
    assert convert(sets, "--json") == 1
    tally = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert tally["converted"] == ["statue"]
    assert tally["failed"] == {"caf\ufffd": "The name of its folder is not UTF-8 text. Rename the folder."}


@pytest.mark.skipif(os.name == "nt" or sys.platform == "darwin", reason="names are text there")
def test_a_photo_whose_name_is_no_text_does_not_stop_the_others(sets, capsys):
    for name in ("broken", "deadly"):
        (sets / name).rename(sets.parent / name)
    shutil.copy(os.fsencode(sets / "statue" / "1.png"), os.fsencode(sets / "empty") + b"/caf\xe9.png")
    assert convert(sets, "--json") == 1
    tally = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert tally["converted"] == ["statue"] and "Rename" in tally["failed"]["empty"]
