# SPDX-License-Identifier: GPL-3.0-or-later
"""Joining objects."""

from dataclasses import replace

import bpy
import pytest

from operators.scene import masks
from tests.operators.actions.edit.objects import COUNT, add, assert_same_look, only, shown, some_splats
from tttlrm_blender.gaussians.formats import registry

ops = bpy.ops.tttlrm


def test_joining_keeps_everything_in_its_place(capfd):
    active = add(some_splats(seed=1), location=(1, 0, 0), scale=(2, 2, 2))
    other = add(some_splats(40, degree=3, seed=2), name="other", rotation_euler=(0.3, -1.2, 2.0), location=(0, 3, 0))
    before = [shown(active), shown(other)]
    only(active, other)
    assert ops.join_splats() == {"FINISHED"}
    assert list(bpy.data.objects) == [active] and len(bpy.data.pointclouds) == 1
    after = shown(active)
    assert after.sh_degree == 3
    assert_same_look(before[0], after[:COUNT])
    assert_same_look(before[1], after[COUNT:])
    assert "The scale differs" not in capfd.readouterr().out


def test_joined_splats_stay_antialiased_each_or_not(tmp_path, capfd):
    objects = [
        add(replace(some_splats(4), antialiased=name == "mip"), name=name, location=(1, 0, 0)) for name in ("classic", "mip")
    ]
    only(*objects)
    assert ops.join_splats() == {"FINISHED"}
    assert list(masks.antialiased(bpy.data.objects["classic"])) == [False] * 4 + [True] * 4
    ops.export_splats(filepath=str(tmp_path / "both.ply"))
    assert registry.read_splats(tmp_path / "both.ply").antialiased
    assert "Only some of the splats are anti-aliased" in capfd.readouterr().out


def test_joining_says_where_colours_cannot_follow(capfd):
    active, other = add(), add(some_splats(4), name="other", scale=(1, 2, 3))
    only(active, other)
    assert ops.join_splats() == {"FINISHED"}
    assert "The scale is not uniform" in capfd.readouterr().out


def test_joining_wants_two_objects():
    only(add())
    with pytest.raises(RuntimeError, match="Select two or more objects with splats"):
        ops.join_splats()
