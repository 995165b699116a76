# SPDX-License-Identifier: GPL-3.0-or-later
"""What would fail after the work fails before it."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tttlrm_blender import atomic_files
from tttlrm_blender.commands import main
from tttlrm_blender.gaussians.formats import registry
from tttlrm_blender.gaussians.gaussians import allocate
from tttlrm_blender.pipeline import jobs
from tttlrm_blender.poses import camera_files
from tttlrm_blender.train import loop


@pytest.fixture
def idle(monkeypatch):
    """Whoever begins to work fails the test."""

    def work(*_):
        pytest.fail("the work was begun")

    for room, name in ((jobs, "reconstruct"), (registry, "read_splats"), (camera_files, "read_cameras"), (loop, "begin")):
        monkeypatch.setattr(room, name, work)


COMMANDS = {
    "reconstruct": ["reconstruct", "PHOTOS", "--out", "OUT"],
    "render": ["render", "a.ply", "--cameras", "cameras.json", "--out", "OUT"],
    "evaluate": ["evaluate", "procedural", "--pictures", "OUT"],
    "resave": ["resave", "a.ply", "OUT/b.spz"],
    "train": ["train", "--steps", "1", "--state", "OUT/a.pt"],
    "train out": ["train", "--steps", "1", "--state", "a.pt", "--out", "OUT/a.safetensors"],
}


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_results_that_cannot_be_written(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("")
    assert main([word.replace("OUT", "file/out") for word in command]) == 1
    assert "cannot be" in capsys.readouterr().err


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize("name", ["reconstruct", "evaluate", "train", "train out"])
def test_a_disk_with_too_little_room(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(atomic_files.shutil, "disk_usage", lambda path: SimpleNamespace(free=1_000_000))
    assert main([word.replace("OUT", "out") for word in COMMANDS[name]]) == 1
    assert "Only 1.0 MB are free for" in capsys.readouterr().err


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize("name", ["splats.ply", "cameras.json", "report.json", "mesh.glb"])
def test_folders_where_files_are_to_be(name, tmp_path, capsys):
    (tmp_path / name).mkdir()
    assert main(["reconstruct", "PHOTOS", "--out", str(tmp_path)]) == 1
    assert f"{name} cannot be written" in capsys.readouterr().err


@pytest.mark.usefixtures("idle")
def test_a_format_that_is_not_known(tmp_path, capsys):
    assert main(["resave", "a.ply", str(tmp_path / "b.obj")]) == 1
    assert "b.obj is not a splat file" in capsys.readouterr().err


@pytest.fixture
def no_work(monkeypatch):
    """Photos are not even looked for."""
    monkeypatch.setattr(jobs, "load_network", lambda *_: pytest.fail("the work was begun"))


@pytest.mark.usefixtures("no_work")
def test_a_background_model_that_cannot_be_used(tmp_path, capsys):
    model = tmp_path / "net.onnx"
    command = ["reconstruct", str(tmp_path), "--out", str(tmp_path / "out"), "--remove-background", str(model)]
    assert main(command) == 1
    assert "net.onnx does not exist" in capsys.readouterr().err
    model.write_text("no network")
    assert main(command) == 1
    assert "net.onnx" in capsys.readouterr().err


def test_what_can_be_written_is(tmp_path):
    splats = allocate(2, 0)
    for name, array in splats.arrays().items():
        array[:] = 0.5 if name != "quats" else np.array([1, 0, 0, 0])
    registry.write_splats(tmp_path / "a.ply", splats)
    assert main(["resave", str(tmp_path / "a.ply"), str(tmp_path / "b.spz")]) == 0
    assert len(registry.read_splats(tmp_path / "b.spz")) == 2
