# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings dataclasses as Blender properties, and back."""

from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import bpy
import pytest

import operators
from operators import properties
from tttlrm_blender.protocol.settings import (
    NESTED,
    DecodeSettings,
    ExtendSettings,
    MeshSettings,
    ReconstructSettings,
    RefineSettings,
    from_json,
    to_json,
)

LABEL = 84  # pixels that a name has in a sidebar of its first width, where letters are 11 large: interface scale 1
BESIDE = ("Refine Steps", "Crop Box")  # names that are only the panel's


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    operators.register()
    yield
    operators.unregister()


@pytest.mark.parametrize("kind", [DecodeSettings, RefineSettings, MeshSettings, ReconstructSettings, ExtendSettings])
def test_every_setting_has_words_in_the_order_of_the_dataclass(kind):
    apart = {*NESTED, "crop"} if kind in (ReconstructSettings, ExtendSettings, DecodeSettings) else {}  # a crop box is an object
    assert list(properties.WORDS[kind]) == [field.name for field in fields(kind) if field.name not in apart]


@pytest.mark.parametrize("part", ["decode", "mesh"])
def test_properties_have_the_bounds_of_the_settings(part):
    group, kind = (
        getattr(bpy.data.objects.new("splats", None).tttlrm, part),
        {"decode": DecodeSettings, "mesh": MeshSettings}[part],
    )
    for setting in (field for field in fields(kind) if "bounds" in field.metadata):
        least, most = setting.metadata["bounds"]
        setattr(group, setting.name, -5)
        assert getattr(group, setting.name) == pytest.approx(least)
        if most < float("inf"):
            assert group.bl_rna.properties[setting.name].hard_max == pytest.approx(most)


def test_an_untouched_panel_asks_for_the_defaults():
    asked = properties.reconstruct_settings(bpy.context.scene)
    explore = asked.decode.explore  # Blender keeps single precision
    assert explore == pytest.approx(DecodeSettings().explore)
    assert replace(asked, decode=replace(asked.decode, explore=0.1)) == ReconstructSettings()


def test_what_the_panel_says_survives_the_wire():
    group = bpy.context.scene.tttlrm
    group.scan, group.with_mesh, group.refine.seconds, group.mesh.resolution = "ar", True, 12.5, 64
    asked = properties.reconstruct_settings(bpy.context.scene)
    assert (asked.scan, asked.refine.seconds, asked.mesh.resolution) == ("ar", 12.5, 64)
    assert from_json(ReconstructSettings, to_json(asked)) == asked


def test_splats_without_refinement_are_offered_some():
    obj = bpy.data.objects.new("splats", None)
    properties.remember(obj, "a", ReconstructSettings(refine=RefineSettings(max_splats=7)))
    assert obj.tttlrm.refine.steps == properties.FIRST_STEPS and obj.tttlrm.refine.max_splats == 7
    properties.remember(obj, "b", ReconstructSettings(refine=RefineSettings(seconds=3)))
    assert obj.tttlrm.refine.steps == 0 and obj.tttlrm.session == "b"


@pytest.mark.parametrize("kind", [DecodeSettings, MeshSettings])
def test_the_documentation_has_every_setting_in_the_same_words(kind):
    page = (Path(__file__).parents[2] / "docs/settings.md").read_text("utf-8")
    for name, words in properties.WORDS[kind].items():
        assert f"| {words['name']} | {words['description']} | {getattr(kind(), name):g} |" in page


@pytest.mark.parametrize("kind", [RefineSettings, ReconstructSettings])
def test_the_documentation_has_the_settings_of_other_types_too(kind):
    page = (Path(__file__).parents[2] / "docs/settings.md").read_text("utf-8")
    assert not [words for words in properties.WORDS[kind].values() if f"| {words['name']} | {words['description']} |" not in page]


@pytest.mark.parametrize("table", [None, *sorted(operators.translations.FOLDER.glob("*.po"))], ids=str)
def test_names_of_settings_are_not_cut_off_in_the_sidebar(table):
    import blf  # which comes with bpy

    names = {*BESIDE, *(words["name"] for kind in properties.WORDS.values() for words in kind.values())}
    shown = operators.translations.read_table(table) if table else {}
    blf.size(0, 11)
    assert not [name for name in sorted(shown.get(name, name) for name in names) if blf.dimensions(0, name)[0] > LABEL]
