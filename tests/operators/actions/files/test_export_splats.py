# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats go into files."""

from dataclasses import replace

import bpy
import pytest
from mathutils import Matrix

from tests.operators.actions.files.splats import assert_same, some_splats
from tttlrm_blender.gaussians.formats.registry import read_splats, write_splats

ops = bpy.ops.tttlrm


def test_what_was_imported_is_exported_bit_for_bit(tmp_path):
    write_splats(tmp_path / "a.ply", some_splats(300))
    ops.import_splats(filepath=str(tmp_path / "a.ply"))
    ops.export_splats(filepath=str(tmp_path / "b.ply"))
    assert_same(read_splats(tmp_path / "b.ply"), read_splats(tmp_path / "a.ply"))
    bpy.context.object.matrix_world = Matrix()
    ops.export_splats(filepath=str(tmp_path / "b.glb"))
    assert_same(read_splats(tmp_path / "b.glb"), read_splats(tmp_path / "a.ply"))


def test_selected_objects_go_into_one_file(tmp_path):
    for name, degree, seed in (("a.ply", 1, 0), ("b.ply", 3, 1)):
        write_splats(tmp_path / name, some_splats(20, degree, seed), "z")
        ops.import_splats(filepath=str(tmp_path / name))
    for obj in bpy.data.objects:
        obj.select_set(True)
    ops.export_splats(filepath=str(tmp_path / "both.ply"), use_selection=True, up_axis="Z")
    both = read_splats(tmp_path / "both.ply")
    assert len(both) == 40 and both.sh_degree == 3
    ops.export_splats(filepath=str(tmp_path / "one.ply"), up_axis="Z")
    assert_same(read_splats(tmp_path / "one.ply"), both[20:])


def test_files_say_that_splats_are_antialiased_or_a_warning_does(tmp_path, capfd):
    write_splats(tmp_path / "a.spz", replace(some_splats(20), antialiased=True))
    ops.import_splats(filepath=str(tmp_path / "a.spz"))
    ops.export_splats(filepath=str(tmp_path / "b.ply"))
    assert read_splats(tmp_path / "b.ply").antialiased
    assert "anti-aliased" not in capfd.readouterr().out
    ops.export_splats(filepath=str(tmp_path / "b.splat"))
    assert "cannot say that splats are anti-aliased" in capfd.readouterr().out


def test_only_files_that_mark_splats_are_said_to_mark_all(tmp_path, capfd):
    for antialiased in (False, True):
        write_splats(tmp_path / "a.ply", replace(some_splats(20), antialiased=antialiased))
        ops.import_splats(filepath=str(tmp_path / "a.ply"))
    for obj in bpy.data.objects:
        obj.select_set(True)
    for name, said in (("both.ply", True), ("both.splat", False)):
        capfd.readouterr()
        ops.export_splats(filepath=str(tmp_path / name), use_selection=True)
        assert ("all are marked" in capfd.readouterr().out) == said


def test_files_that_cannot_be_read_or_written_are_told(tmp_path):
    (tmp_path / "text.ply").write_text("hello")
    (tmp_path / "splats.obj").write_text("v 0 0 0")
    write_splats(tmp_path / "a.ply", some_splats(4))
    for name in ("missing.ply", "text.ply", "splats.obj"):
        with pytest.raises(RuntimeError, match=name):
            ops.import_splats(directory=str(tmp_path), files=[{"name": "a.ply"}, {"name": name}])
    assert not bpy.data.objects, "all or none"
    assert not ops.export_splats.poll()
    ops.import_splats(filepath=str(tmp_path / "a.ply"))
    with pytest.raises(RuntimeError, match=r"splats\.obj is not a splat file"):
        ops.export_splats(filepath=str(tmp_path / "splats.obj"))
    with pytest.raises(RuntimeError, match="cannot be written"):
        ops.export_splats(filepath=str(tmp_path / "nowhere" / "a.ply"))
