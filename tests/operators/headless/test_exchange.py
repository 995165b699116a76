# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats and cameras of .blend files through other files, by command."""

import json

import bpy
import numpy as np
import pytest

from tests.operators.headless.commands import made, objects, tttlrm
from tttlrm_blender.gaussians.formats.registry import read_splats, write_splats
from tttlrm_blender.gaussians.gaussians import Gaussians


def some_splats(count: int) -> Gaussians:
    random = np.random.default_rng(count)
    quats = random.normal(size=(count, 4)).astype(np.float32)
    quats /= np.linalg.norm(quats, axis=1, keepdims=True)
    means = random.normal(size=(count, 3)).astype(np.float32)
    ones = np.ones((count, 4, 3), np.float32)
    return Gaussians(means, quats, ones[:, 0] / 8, ones[:, 0, 0] / 2, ones)


def test_splats_go_in_and_out(tmp_path):
    file, parts = tmp_path / "both.blend", [some_splats(5), some_splats(3)]
    names = [tmp_path / "first.ply", tmp_path / "second.ply"]
    for name, part in zip(names, parts, strict=True):
        write_splats(name, part)
    assert tttlrm("import", *names, "--out", file, python=False) == 0
    assert {obj.name for obj in objects(file, "POINTCLOUD")} == {"first", "second"}
    assert tttlrm("export", file, "--out", tmp_path / "all.ply", python=False) == 0
    assert len(read_splats(tmp_path / "all.ply")) == 8
    assert tttlrm("export", file, "--object", "second", "--out", tmp_path / "one.spz", python=False) == 0
    assert len(read_splats(tmp_path / "one.spz")) == 3


def test_transforms_are_applied_and_hidden_objects_left_out(tmp_path):
    write_splats(tmp_path / "first.ply", some_splats(5))
    write_splats(tmp_path / "second.ply", some_splats(3))
    file = tmp_path / "scene.blend"
    tttlrm("import", tmp_path / "first.ply", tmp_path / "second.ply", "--out", file, python=False)
    bpy.ops.wm.open_mainfile(filepath=str(file))
    bpy.data.objects["first"].location.x += 10
    before = read_splats(tmp_path / "first.ply").means[:, [0, 2, 1]] * (1, 1, -1)  # y down in the file, z up in Blender
    bpy.data.objects["second"].hide_set(True)
    bpy.ops.wm.save_as_mainfile(filepath=str(file))
    assert tttlrm("export", file, "--out", tmp_path / "moved.ply", "--up-axis", "Z", python=False) == 0
    assert np.allclose(read_splats(tmp_path / "moved.ply").means, before + np.array((10, 0, 0)), atol=1e-5)


def test_cameras_are_written(tmp_path):
    file = made(tmp_path)
    assert tttlrm("cameras", file, "--out", tmp_path / "transforms.json", "--up-axis", "Z", python=False) == 0
    (frame,) = json.loads((tmp_path / "transforms.json").read_text())["frames"]
    assert frame["fl_x"] == pytest.approx(30, rel=1e-4)
    (tmp_path / "sparse").mkdir()
    assert tttlrm("cameras", file, "--out", tmp_path / "sparse" / "images.txt", python=False) == 0
    assert (tmp_path / "sparse" / "cameras.txt").exists()


def test_what_cannot_be_done_is_told(tmp_path, capsys):
    bpy.ops.wm.read_homefile(use_empty=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "empty.blend"))
    (tmp_path / "bad.ply").write_text("ply?")
    (tmp_path / "bad.blend").write_text("BLENDER?")
    write_splats(tmp_path / "good.ply", some_splats(5))
    wrong = {
        "The file shows no splats": ("export", "empty.blend", "--out", "a.ply"),
        "There are no splats named x": ("export", "empty.blend", "--object", "x", "--out", "a.ply"),
        "There is no camera in the scene": ("cameras", "empty.blend", "--out", "a.json"),
        "nowhere.blend cannot be opened": ("export", "nowhere.blend", "--out", "a.ply"),
        "bad.blend cannot be opened": ("export", "bad.blend", "--out", "a.ply"),
        "bad.ply": ("import", "good.ply", "bad.ply", "--out", "a.blend"),
        "cannot be written": ("import", "good.ply", "--out", "nowhere/a.blend"),
    }
    for sentence, arguments in wrong.items():
        placed = [tmp_path / part if "." in part else part for part in arguments]
        assert tttlrm(*placed, python=False) == 1
        said = capsys.readouterr().err
        assert sentence in said and "Traceback" not in said
    assert not {"a.ply", "a.json", "a.blend"} & {path.name for path in tmp_path.iterdir()}
