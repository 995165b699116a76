# SPDX-License-Identifier: GPL-3.0-or-later
"""Kept scenes in .blend files, by command."""

from tests.operators.headless.commands import made, objects, photo_set, tttlrm


def test_splats_are_decoded_again(tmp_path):
    file, out = made(tmp_path), tmp_path / "again.blend"
    assert tttlrm("decode", file, "--out", out, "--scenes", tmp_path / "scenes", "--max-splats", 7) == 0
    assert [len(obj.data.points) for obj in objects(out, "POINTCLOUD")] == [7]
    assert [len(obj.data.points) for obj in objects(file, "POINTCLOUD")] == [12]


def test_refined_and_meshed_in_place(tmp_path):
    file = made(tmp_path, "--no-mesh")
    kept = ("--out", file, "--scenes", tmp_path / "scenes")
    assert tttlrm("refine", file, *kept, "--refine", 5, "--start", "decoded", "--no-sky") == 0
    assert tttlrm("mesh", file, *kept, "--mesh-resolution", 16) == 0
    assert [len(obj.data.points) for obj in objects(file, "POINTCLOUD")] == [5]
    assert len(objects(file, "MESH")) == 1


def test_photos_are_added(tmp_path):
    file, more = made(tmp_path), photo_set(tmp_path / "more", ("2.png", "3.png"))
    assert tttlrm("extend", file, more, "--out", file, "--scenes", tmp_path / "scenes") == 0
    assert len(objects(file, "CAMERA")) == 3


def test_photos_are_added_and_the_splats_refined(tmp_path):
    """With the settings of the splats but for those that are given, which become theirs."""
    file, more = made(tmp_path), photo_set(tmp_path / "more", ("2.png", "3.png"))
    kept = ("--out", file, "--scenes", tmp_path / "scenes")
    assert tttlrm("extend", file, more, *kept, "--refine", "3x", "--exposure") == 0
    (splats,) = objects(file, "POINTCLOUD")
    refine = splats.tttlrm.refine
    assert (refine.steps, refine.passes, refine.exposure, refine.sky) == (0, 3, True, True)


def test_a_scene_that_is_not_kept_is_told(tmp_path, capsys):
    file, out = made(tmp_path), tmp_path / "again.blend"
    assert tttlrm("decode", file, "--out", out, "--scenes", tmp_path / "others") == 1
    said = capsys.readouterr().err
    assert "The worker does not have this scene (any more). Reconstruct it again from its photos." in said
    assert "Traceback" not in said and not out.exists()
