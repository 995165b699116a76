# SPDX-License-Identifier: GPL-3.0-or-later
"""Decode settings that come with the extension, or are a person's own."""

import bpy
import pytest

from tests.operators.installed import part

pytestmark = pytest.mark.usefixtures("toy")

ops = bpy.ops.tttlrm
PRESETS = ("Crisp", "Default", "Everything", "Mesh_Ready", "Small_File")


@pytest.mark.parametrize("name", PRESETS)
def test_what_comes_with_the_extension_is_found_and_set(splats, name):
    file = bpy.utils.preset_find(name, "tttlrm/decode")
    splats.tttlrm.decode.explore = splats.tttlrm.decode.scale = 0.77
    assert bpy.ops.script.execute_preset(filepath=file, menu_idname="TTTLRM_PT_decode_presets") == {"FINISHED"}
    assert splats.tttlrm.decode.explore != pytest.approx(0.77) and splats.tttlrm.decode.scale == 1.0


def test_the_default_preset_is_the_engines_default(splats):
    properties = part("properties")
    kind = properties.settings.DecodeSettings
    default = {name: pytest.approx(getattr(kind(), name)) for name in properties.described(kind)}
    for name in default:
        setattr(splats.tttlrm.decode, name, 0.5 if isinstance(getattr(kind(), name), float) else 2)
    file = bpy.utils.preset_find("Default", "tttlrm/decode")
    bpy.ops.script.execute_preset(filepath=file, menu_idname="TTTLRM_PT_decode_presets")
    assert {name: getattr(splats.tttlrm.decode, name) for name in default} == default


def test_a_preset_of_ones_own_comes_back(splats):
    splats.tttlrm.decode.size_limit, splats.tttlrm.decode.max_splats = 0.25, 9
    assert ops.decode_preset(name="my own") == {"FINISHED"}
    splats.tttlrm.decode.size_limit = splats.tttlrm.decode.max_splats = 0
    file = bpy.utils.preset_find("my_own", "tttlrm/decode")
    bpy.ops.script.execute_preset(filepath=file, menu_idname="TTTLRM_PT_decode_presets")
    assert (splats.tttlrm.decode.size_limit, splats.tttlrm.decode.max_splats) == (0.25, 9)
    assert ops.decode_preset(name="my own", remove_name=True) == {"FINISHED"}
    assert bpy.utils.preset_find("my_own", "tttlrm/decode") is None


def test_floaters_in_a_preset_of_an_older_version_get_the_usual_strictness(splats, tmp_path):
    file, decode = tmp_path / "older.py", splats.tttlrm.decode
    file.write_text("import bpy\ndecode = bpy.context.object.tttlrm.decode\ndecode.floaters = 0.9\n")
    decode.fog = 0.3
    bpy.ops.script.execute_preset(filepath=str(file), menu_idname="TTTLRM_PT_decode_presets")
    assert (decode.floaters, decode.fog) == (0.5, 0.0)
    file.write_text(file.read_text() + "decode.fog = 0.3\n")
    bpy.ops.script.execute_preset(filepath=str(file), menu_idname="TTTLRM_PT_decode_presets")
    assert decode.floaters == pytest.approx(0.9)
