# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings dataclasses as Blender properties, and back."""

from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import fields

import bpy
import pytest

import operators
from operators import properties
from operators.headless import command_line, scene_jobs
from operators.jobs import worker
from tttlrm_blender.commands import options
from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.protocol.fields import Choice, Choices, FilePath, Numbers
from tttlrm_blender.protocol.settings import (
    DecodeSettings,
    ExtendSettings,
    MeshSettings,
    ReconstructSettings,
    RefineSettings,
)
from tttlrm_blender.protocol.settings_json import from_json, to_json

LABEL = 84  # pixels that a name has in a sidebar of its first width, where letters are 11 large: interface scale 1
BESIDE = ("Refine Steps", "Crop Box")  # names that are only the panel's


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    operators.register()
    yield
    operators.unregister()


each_kind = pytest.mark.parametrize("kind", [DecodeSettings, RefineSettings, MeshSettings, ReconstructSettings, ExtendSettings])


@each_kind
def test_every_setting_is_a_property_in_the_order_of_the_dataclass(kind):
    apart = {"decode", "refine", "mesh", "crop"}  # which are groups, and an object
    assert list(properties.described(kind)) == [field.name for field in fields(kind) if field.name not in apart]


@each_kind
def test_properties_say_what_the_settings_say(kind):
    for name, setting in properties.described(kind).items():
        prop = HOLDERS[kind]().bl_rna.properties[name]
        described = setting.explained() if kind is ExtendSettings else setting.description  # of an operator
        assert (prop.name, prop.description) == (setting.label, described)
        match setting.values:
            case Numbers(whole, least, most, soft_most, unit):
                assert (prop.hard_min, prop.hard_max, prop.soft_max) == pytest.approx((least, most, soft_most or most))
                assert prop.type == ("INT" if whole else "FLOAT") and prop.subtype == properties.SUBTYPES[unit]
                assert prop.unit == {"distance": "LENGTH", "seconds": "TIME_ABSOLUTE"}.get(unit, "NONE")
            case Choices(items):
                found = [Choice(item.identifier, item.name, item.description) for item in prop.enum_items]
                assert found == list(items)
            case FilePath():
                assert prop.subtype == "FILE_PATH"


HOLDERS = {
    DecodeSettings: lambda: bpy.context.scene.tttlrm.decode,
    RefineSettings: lambda: bpy.context.scene.tttlrm.refine,
    MeshSettings: lambda: bpy.context.scene.tttlrm.mesh,
    ReconstructSettings: lambda: bpy.context.scene.tttlrm,
    ExtendSettings: lambda: bpy.ops.tttlrm.extend.get_rna_type(),
}


@pytest.mark.parametrize("end", ["least", "most"])
@pytest.mark.parametrize("kind", [DecodeSettings, RefineSettings, MeshSettings, ReconstructSettings])
def test_sliders_at_their_ends_ask_for_what_a_worker_takes(kind, end):
    """Though Blender keeps single precision."""
    group = HOLDERS[kind]()
    for name, setting in properties.described(kind).items():
        if isinstance(setting.values, Numbers):
            setattr(group, name, -5 if end == "least" else 2**31 - 1)
            assert getattr(properties.plain(group, kind), name) == getattr(setting.values, end)
            group.property_unset(name)


@pytest.mark.parametrize("job", ["reconstruct", "convert", *scene_jobs.SETTINGS])
def test_both_command_lines_call_a_setting_the_same(job):
    """Those of a job on kept scenes stand in the line of `tttlrm reconstruct` too; a crop box is an object's name there."""
    engine = ArgumentParser()
    options.add_reconstruct_options(engine)
    (commands,) = (action for action in command_line.parser()._actions if isinstance(action.choices, dict))
    names = {_as_one(place): strings for place, strings in _settings_of(engine).items()}
    found = _settings_of(commands.choices[job])
    assert [names[_as_one(place)] for place in found] == list(found.values())
    kinds = scene_jobs.SETTINGS.get(job, (ReconstructSettings, DecodeSettings, RefineSettings, MeshSettings))
    wanted = {f"{kind.__name__}.{name}" for kind in kinds for name in options.options(kind)}
    assert wanted - set(found) == ({"DecodeSettings.crop"} if job == "decode" else set())


def _settings_of(parser: ArgumentParser) -> dict[str, list[str]]:
    """How the settings are called on a command line, by where it keeps them."""
    return {action.dest: action.option_strings for action in parser._actions if "Settings." in action.dest}


def _as_one(place: str) -> str:
    """Adding photos has settings of a reconstruction."""
    return place.replace("ExtendSettings", "ReconstructSettings")


def test_a_setting_that_does_not_fit_is_told_before_photos_are_sent():
    wrong = ReconstructSettings(distance="3", scan="chunks")
    with pytest.raises(
        TttlrmError, match=r"^Wrong settings: distance is '3', not a text such as .*; scan is 'chunks', not full or ar"
    ):
        worker.start(worker.Work("s", "reconstruct", wrong))


def test_an_untouched_panel_asks_for_the_defaults():
    asked = properties.reconstruct_settings(bpy.context.scene)
    assert asked == ReconstructSettings()


def test_what_the_panel_says_survives_the_wire():
    group = bpy.context.scene.tttlrm
    group.scan, group.with_mesh, group.refine.seconds, group.mesh.resolution = "ar", True, 12.5, 64
    asked = properties.reconstruct_settings(bpy.context.scene)
    assert (asked.scan, asked.refine.seconds, asked.mesh.resolution) == ("ar", 12.5, 64)
    assert from_json(ReconstructSettings, to_json(asked)) == asked


def test_splats_without_refinement_are_offered_some():
    obj = bpy.data.objects.new("splats", None)
    properties.remember(obj, "a", ReconstructSettings(refine=RefineSettings(quality="draft", max_splats=7)))
    assert obj.tttlrm.refine.quality == "good" and obj.tttlrm.refine.max_splats == 7
    properties.remember(obj, "b", ReconstructSettings(refine=RefineSettings(seconds=3)))
    assert obj.tttlrm.refine.steps == 0 and obj.tttlrm.session == "b"


@pytest.mark.parametrize("table", [None, *sorted(operators.translations.FOLDER.glob("*.po"))], ids=str)
def test_names_of_settings_are_not_cut_off_in_the_sidebar(table):
    import blf  # which comes with bpy

    names = {*BESIDE, *(setting.label for kind in HOLDERS for setting in properties.described(kind).values())}
    shown = operators.translations.read_table(table) if table else {}
    blf.size(0, 11)
    assert not [name for name in sorted(shown.get(name, name) for name in names) if blf.dimensions(0, name)[0] > LABEL]


def test_a_setting_that_may_be_off_has_a_check_box_and_a_value_that_stays():
    group = bpy.context.scene.tttlrm
    assert (group.views, group.use_views, group.views_value) == (0, False, 32)
    group.use_views = True
    group.views_value = 7
    assert group.views == 7
    group.use_views = False
    assert (group.views, group.views_value) == (0, 7)
    group.views_value = 9
    assert group.views == 0, "a value that is grayed out changes nothing"
    group.use_views = True
    assert properties.plain(group, ReconstructSettings).views == 9


def test_what_scripts_presets_and_older_files_set_moves_the_check_box():
    group = bpy.context.scene.tttlrm.decode
    group.size_limit = 0.25
    assert group.use_size_limit and group.size_limit_value == 0.25
    group.size_limit_value = 0
    assert group.use_size_limit, "0 would turn it off"
    group.size_limit = 0
    assert not group.use_size_limit
    mesh = bpy.context.scene.tttlrm.mesh
    assert mesh.use_texture and mesh.use_faces
    mesh.use_texture = False
    assert properties.plain(mesh, MeshSettings).texture == 0
    mesh.use_texture = True
    assert properties.plain(mesh, MeshSettings).texture == 2048


def test_weights_that_were_not_chosen_are_those_that_come_along():
    group = bpy.context.scene.tttlrm
    group.use_checkpoint = True
    assert properties.reconstruct_settings(bpy.context.scene).checkpoint == "default"
    group.checkpoint_value = "/weights.pt"
    assert properties.reconstruct_settings(bpy.context.scene).checkpoint == "/weights.pt"


def test_no_number_that_means_nothing_is_shown_but_beside_a_check_box():
    """What says "0 for …" is for command lines."""
    for kind in (DecodeSettings, RefineSettings, MeshSettings, ReconstructSettings):
        for name in properties.described(kind):
            assert "; 0 " not in HOLDERS[kind]().bl_rna.properties[name].description


def test_redo_panels_tell_which_value_means_off():
    told = bpy.ops.tttlrm.refine.get_rna_type().properties["max_splats"].description
    assert told == "Limit on the number of refined splats; 0 for automatic"
    told = bpy.ops.tttlrm.clean_up.get_rna_type().properties["fog"].description
    assert told.endswith("; 0 to keep all")
