# SPDX-License-Identifier: GPL-3.0-or-later
"""Kept scenes in .blend files, by command."""

import bpy
import pytest

from tests.operators.headless.commands import made, objects, photo_set, tttlrm

pytestmark = pytest.mark.slow


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


def test_linked_splats_are_told(tmp_path, capsys):
    """Their new splats would not be saved; a mesh of them would."""
    library, file = made(tmp_path, "--no-mesh"), tmp_path / "linking.blend"
    bpy.ops.wm.read_homefile(use_empty=True)
    with bpy.data.libraries.load(str(library), link=True) as (_, wanted):
        wanted.collections = ["statue"]
    bpy.context.scene.collection.children.link(wanted.collections[0])
    bpy.ops.wm.save_as_mainfile(filepath=str(file))
    kept = ("--out", file, "--scenes", tmp_path / "scenes")
    for command in (("decode",), ("refine", "--refine", 5)):
        assert tttlrm(command[0], file, *kept, *command[1:]) == 1
        assert "linked from another file: statue splats" in capsys.readouterr().err
    assert tttlrm("mesh", file, *kept) == 0
    assert [obj.library for obj in objects(file, "MESH")] == [None]


def test_a_file_that_was_saved_while_splats_were_edited(tmp_path):
    file = made(tmp_path)
    bpy.ops.wm.open_mainfile(filepath=str(file))
    bpy.context.view_layer.objects.active = next(obj for obj in bpy.data.objects if obj.type == "POINTCLOUD")
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.wm.save_as_mainfile(filepath=str(file))
    assert tttlrm("decode", file, "--out", file, "--scenes", tmp_path / "scenes", "--max-splats", 7) == 0
    assert [len(obj.data.points) for obj in objects(file, "POINTCLOUD")] == [7]
