# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats are decoded again, in a crop box, and all that are selected."""

from types import SimpleNamespace

import bpy
import pytest
from mathutils import Matrix

from tests.operators.installed import add, cube, part, reconstructed, toy_splats

pytestmark = pytest.mark.usefixtures("toy")

ops = bpy.ops.tttlrm


def test_decoding_again_uses_the_objects_settings_and_the_callers(toy, photos):
    splats = reconstructed(photos)
    place = splats.parent
    splats.tttlrm.decode.max_splats = 7
    assert ops.decode() == {"FINISHED"}
    assert len(splats.data.points) == 12 and splats.parent == place, "the draft has all"
    assert part("scene.masks").visible(splats).sum() == 7, "of which some are shown"
    assert ops.decode(max_splats=5) == {"FINISHED"}
    assert len(splats.data.points) == 5 and splats.tttlrm.decode.max_splats == 7


def test_scripts_name_a_box(splats):
    add("mine", None, Matrix()).empty_display_size = 3.0
    assert ops.decode(crop="mine") == {"FINISHED"} and len(splats.data.points) == 1
    assert splats.tttlrm.crop is None
    with pytest.raises(RuntimeError, match="There is no object “nobody” to crop to"):
        ops.decode(crop="nobody")


def test_a_flat_box_is_refused(splats):
    cube("sheet", Matrix(), height=0)
    with pytest.raises(RuntimeError, match="The object “sheet” is flat"):
        ops.decode(crop="sheet")
    assert len(splats.data.points) == 12


def test_all_selected_are_decoded_and_one_without_a_scene_stops_no_other(tmp_path):
    made = [toy_splats(tmp_path / name) for name in ("a", "b", "c")]
    for obj in made:
        obj.select_set(True)
        obj.data.attributes["position"].data[0].vector = (9, 9, 9)
    made[1].tttlrm.session = "elsewhere"
    assert ops.decode_selected() == {"FINISHED"}
    assert [obj.data.attributes["position"].data[0].vector[0] for obj in made] == [0, 9, 0]
    assert [bool(part("jobs.failures").of(obj)) for obj in made] == [False, True, False]


def test_refined_and_edited_splats_are_asked_about(splats, monkeypatch):
    decode = part("actions.decode")
    assert not decode.precious([splats]), "a draft can be made again"
    ops.select_distance(distance=5)
    ops.delete_splats()
    assert (
        str(decode.question(decode.precious([splats]))) == f"Replace {len(splats.data.points)} splats (edited) with a new draft?"
    )
    assert ops.refine(steps=9) == {"FINISHED"}
    assert str(decode.question(decode.precious([splats]))) == ("Replace 9 splats (Refined, 9 steps, 30.0 dB) with a new draft?")
    asked = []
    monkeypatch.setattr(decode, "ask", lambda operator, context, event, lost: asked.append(lost) or {"CANCELLED"})
    for kind in (decode.TTTLRM_OT_decode, decode.TTTLRM_OT_decode_selected):  # which nothing invokes without a window
        button = SimpleNamespace(asked=False, execute=lambda context: {"FINISHED"})
        assert kind.invoke(button, bpy.context, None) == {"CANCELLED"}
    assert asked == [[splats], [splats]]
    assert ops.decode() == {"FINISHED"} and not decode.precious([splats])
