# SPDX-License-Identifier: GPL-3.0-or-later
"""What is drawn anew."""

from types import SimpleNamespace

import pytest

from operators import windows


class Drawable:
    """An editor or a part of one, which notes that it is to be drawn."""

    def __init__(self, kind: str, *regions: "Drawable") -> None:
        self.type, self.regions, self.tagged = kind, regions, False

    def tag_redraw(self) -> None:
        self.tagged = True


@pytest.fixture
def editors(monkeypatch) -> dict[str, Drawable]:
    """Those of a screen."""
    view = Drawable("VIEW_3D", Drawable("WINDOW"), Drawable("UI"))
    others = Drawable("PROPERTIES", Drawable("WINDOW")), Drawable("OUTLINER", Drawable("WINDOW"))
    window = SimpleNamespace(screen=SimpleNamespace(areas=[view, *others]))
    context = SimpleNamespace(window_manager=SimpleNamespace(windows=[window]))
    monkeypatch.setattr(windows, "bpy", SimpleNamespace(context=context))
    return {area.type: area for area in window.screen.areas}


def test_editors_of_a_kind_are_drawn_anew(editors):
    windows.redraw("VIEW_3D")
    assert [name for name, area in editors.items() if area.tagged] == ["VIEW_3D"]


def test_panels_are_drawn_anew_and_the_splats_beside_them_are_not(editors):
    windows.redraw_panels()
    tagged = {(name, region.type) for name, area in editors.items() for region in area.regions if region.tagged}
    assert tagged == {("VIEW_3D", "UI"), ("PROPERTIES", "WINDOW")} and not any(area.tagged for area in editors.values())
