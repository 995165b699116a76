# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of rooms is that of the sources, and is drawn right."""

from tools import plan


def test_the_page_shows_the_rooms_as_they_are():
    page = plan.PAGE.read_text("utf-8")
    assert page == plan.drawn(page), "docs/architecture.md is older than the sources: run `make plan` and look at what changed."


def test_rooms_lie_above_those_that_they_stand_on():
    stands_on = {"roof": {"wall"}, "wall": {"floor"}, "chimney": {"floor"}, "floor": set()}
    assert plan.layers(stands_on) == [[("roof",)], [("chimney",), ("wall",)], [("floor",)]]


def test_rooms_of_a_circle_share_a_place():
    stands_on = {"roof": {"left"}, "left": {"right"}, "right": {"left", "floor"}, "floor": set()}
    assert plan.layers(stands_on) == [[("roof",)], [("left", "right")], [("floor",)]]


def test_a_room_is_described_by_its_sources():
    rooms = plan.rooms("tttlrm_blender")
    assert rooms["stereo"].purpose.startswith("How far away") and "sweep" in rooms["stereo"].modules
    assert "gaussians/formats" in rooms and "gaussians" in rooms["gaussians/formats"].stands_on
    assert all(room.purpose for tree in plan.TREES.values() for room in plan.rooms(tree).values())
