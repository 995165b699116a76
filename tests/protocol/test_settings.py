# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings there and back, and invalid settings."""

import json
import re
from contextlib import nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.gaussians.formats import registry
from tttlrm_blender.protocol.fields import Group, Numbers, Setting, describe
from tttlrm_blender.protocol.settings import (
    FORMATS,
    STRATEGIES,
    DecodeSettings,
    ExportSettings,
    ExtendSettings,
    MeshSettings,
    PosesSettings,
    ReconstructSettings,
    RefineSettings,
    RenderSettings,
)
from tttlrm_blender.protocol.settings_json import check, from_json, to_json
from tttlrm_blender.refine import stepper


@pytest.mark.parametrize(
    "settings",
    [
        DecodeSettings(keep=0.3),
        DecodeSettings(size_limit=0.1, near=0.5, far=9.0, crop=(0.5,) * 16, merge=0.1, floaters=1.0),
        MeshSettings(voxel=0.01, faces=5000),
        RefineSettings(steps=10, start="decoded"),
        RefineSettings(passes=3, start="both", exposure=True, poses=True, sky=False, densify="mcmc"),
        MeshSettings(resolution=64),
        ReconstructSettings(),
        ReconstructSettings(scan="ar", decode=DecodeSettings(seed=4), refine=RefineSettings(seconds=2.5), mesh=MeshSettings()),
        RenderSettings(views=(0, 3)),
    ],
)
def test_settings_are_read_as_they_were_written(settings):
    assert from_json(type(settings), json.loads(json.dumps(to_json(settings)))) == settings


def test_what_is_left_out_has_its_default():
    assert from_json(ReconstructSettings, {"refine": {"steps": 5}}) == ReconstructSettings(refine=RefineSettings(steps=5))


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (DecodeSettings, None),
        (DecodeSettings, [1]),
        (DecodeSettings, {"keap": 1.0}),
        (DecodeSettings, {"keep": "much"}),
        (DecodeSettings, {"keep": True}),
        (DecodeSettings, {"keep": None}),
        (DecodeSettings, {"keep": float("nan")}),
        (DecodeSettings, {"seed": 1.5}),
        (DecodeSettings, {"seed": 10**400}),
        (DecodeSettings, {"keep": 10**400}),
        (DecodeSettings, {"views": -1}),
        (DecodeSettings, {"crop": [1.0] * 15}),
        (DecodeSettings, {"crop": ["1"] * 16}),
        (DecodeSettings, {"crop": 1.0}),
        (RefineSettings, {"points": 1}),
        (ReconstructSettings, {"decode": None}),
        (ReconstructSettings, {"refine": 3}),
        (ReconstructSettings, {"mesh": []}),
        (ReconstructSettings, {"mesh": {"resolution": "high"}}),
        (RenderSettings, {"views": [0, "1"]}),
        (RenderSettings, {"views": None}),
        (RefineSettings, {"start": "nothing"}),
        (RefineSettings, {"start": ["auto"]}),
        (RefineSettings, {"steps": True}),
        (ReconstructSettings, {"distance": 3}),
    ],
)
def test_settings_that_make_no_sense_are_refused(kind, values):
    with pytest.raises(TttlrmError) as caught:
        from_json(kind, values)
    assert caught.value.code == "bad_settings"


@pytest.mark.parametrize(
    ("kind", "values", "told"),
    [
        (RefineSettings, {"steps": -5}, "steps is -5, not a whole number from 0 to 100000000"),
        (RefineSettings, {"sh_degree": 9}, "sh_degree is 9, not a whole number from 0 to 3"),
        (RefineSettings, {"start": "foo"}, "start is 'foo', not auto, decoded, points or both"),
        (RefineSettings, {"densify": "more"}, "densify is 'more', not split or mcmc"),
        (RefineSettings, {"sky": 1}, "sky is 1, not true or false"),
        (RefineSettings, {"max_splats": -1}, "max_splats is -1, not a whole number from 0 to 1000000000"),
        (ReconstructSettings, {"scan": "chunks"}, "scan is 'chunks', not full or ar"),
        (ReconstructSettings, {"orient": "sideways"}, "orient is 'sideways', not auto, always or never"),
        (
            ReconstructSettings,
            {"width": 40_000, "height": -1},
            "width is 40000, not a whole number from 0 to 32768; height is -1, not",
        ),
        (ReconstructSettings, {"poses": 3}, "poses is 3, not auto, estimate or a path"),
        (ReconstructSettings, {"mesh": {"texture": True}}, "mesh.texture is True, not a whole number from 0 to 8192"),
        (ReconstructSettings, {"refine": {"points": 1}}, "there is no setting 'refine.points'"),
        (ReconstructSettings, {"decode": {"keep": "x" * 999}}, "decode.keep is 'xxx"),
        (PosesSettings, {"distance": "a.jpg"}, "distance is 'a.jpg', not a text such as a.jpg:b.jpg=2.5"),
        (ExportSettings, {"format": "exe"}, "format is 'exe', not ply, compressed.ply, spz, splat, splats.glb, glb or json"),
        (DecodeSettings, {"seed": 10**5000}, "seed is a huge number, not a whole number from 0 to 2147483647"),
        (DecodeSettings, {"crop": [0.0]}, "crop is [0.0], not a list of 0 or 16 values, each a finite number"),
        (RenderSettings, {"views": [-1]}, "views is [-1], not a list of values, each a whole number from 0 to"),
    ],
)
def test_what_is_wrong_is_told_with_what_is_allowed(kind, values, told):
    with pytest.raises(TttlrmError, match=rf"^Wrong settings: .*{re.escape(told)}.*\.$") as caught:
        from_json(kind, values)
    assert len(str(caught.value)) < 300


def test_all_that_is_wrong_is_told_in_one_sentence():
    with pytest.raises(TttlrmError) as caught:
        from_json(ReconstructSettings, {"scan": "chunks", "refine": {"steps": -5, "sh_degree": 9, "start": "foo"}})
    assert caught.value.sentence == (
        "Wrong settings: scan is 'chunks', not full or ar; refine.steps is -5, not a whole number from 0 to 100000000; "
        "refine.start is 'foo', not auto, decoded, points or both; refine.sh_degree is 9, not a whole number from 0 to 3."
    )


KINDS = [
    DecodeSettings,
    RefineSettings,
    MeshSettings,
    ReconstructSettings,
    ExtendSettings,
    PosesSettings,
    ExportSettings,
    RenderSettings,
]
PLAIN = [(kind, name) for kind in KINDS for name, setting in describe(kind).items() if isinstance(setting, Setting)]
NUMBERS = [(kind, name) for kind, name in PLAIN if isinstance(describe(kind)[name].values, Numbers)]
each_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.mark.parametrize(("kind", "name"), NUMBERS)
@given(value=st.integers(-(2**70), 2**70) | st.floats())
def test_a_number_is_taken_where_it_lies_within_bounds_and_else_answered_with_them(kind, name, value):
    numbers = describe(kind)[name].values
    if numbers.least <= value <= numbers.most and not (numbers.whole and isinstance(value, float)):
        taken = getattr(from_json(kind, {name: value}), name)
        assert taken == value and type(taken) is (int if numbers.whole else float)
        return
    with pytest.raises(TttlrmError, match=f"^Wrong settings: {name} is .*, not {re.escape(str(numbers.expected))}") as caught:
        from_json(kind, {name: value})
    assert caught.value.code == "bad_settings"


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
JSON = st.recursive(LEAVES, lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=8), part, max_size=3))


def objects(kind):
    """JSON objects with names of a kind of settings, and values that may or may not suit them."""
    known = describe(kind)
    words = [item.identifier for each in known.values() for item in getattr(getattr(each, "values", None), "items", ())]
    parts = {name: objects(each.kind) for name, each in known.items() if isinstance(each, Group)}
    plain = st.sampled_from([*words, "a:b=2"]) | LEAVES | st.lists(st.floats(), min_size=16, max_size=16)
    return st.fixed_dictionaries({}, optional={name: parts.get(name, plain) | JSON for name in known})


@each_kind
@given(data=st.data())
def test_any_value_becomes_settings_that_fit_or_is_refused(kind, data):
    values = data.draw(JSON | objects(kind))
    try:
        settings = from_json(kind, values)
    except TttlrmError as error:
        assert error.code == "bad_settings" and error.sentence.isprintable()
        return
    check(settings)
    assert from_json(kind, json.loads(json.dumps(to_json(settings)))) == settings


@each_kind
def test_the_defaults_fit(kind):
    check(kind())
    assert from_json(kind, {}) == kind()


@each_kind
def test_every_setting_has_words_and_bounds_or_choices(kind):
    for name, setting in describe(kind).items():
        if isinstance(setting, Setting):
            first, *rest = setting.label.split()
            assert first and all(word[0].isupper() or word == "a" for word in (first, *rest)) and len(setting.label) <= 20, name
            assert setting.description and "\n" not in setting.description and not setting.description.endswith("."), name


@pytest.mark.parametrize(
    ("distance", "fits"),
    [
        ("", True),
        ("a.jpg:b.jpg=2.5", True),
        ("in/a b.jpg:c:d=x.jpg=.5", True),
        ("ä.jpg:b.jpg=7.", True),
        ("3", False),
        ("0.jpg:1.jpg", False),
        ("0.jpg:1.jpg=0", False),
        ("0.jpg:1.jpg=0.00", False),
        ("0.jpg:1.jpg=.", False),
        ("0.jpg:1.jpg=x", False),
        ("0.jpg:1.jpg=-1", False),
        ("0.jpg:1.jpg=٣", False),
        (":1.jpg=2", False),
        ("a:b=" + "9" * 400, False),
    ],
)
def test_the_form_of_a_distance(distance, fits):
    with nullcontext() if fits else pytest.raises(TttlrmError, match=r"such as a\.jpg:b\.jpg=2\.5"):
        assert from_json(ReconstructSettings, {"distance": distance}).distance == distance


def test_choices_are_what_is_there_to_choose_from():
    assert [choice.identifier for choice in STRATEGIES] == list(stepper.STRATEGIES)
    formats = {kind.suffix[1:] for kind in registry.FORMATS} - {"glb"} | {"splats.glb"}
    assert {choice.identifier for choice in FORMATS} == formats | {"glb", "json"}


@given(numbers=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=16, max_size=16))
def test_a_crop_box_survives_the_wire_exactly(numbers):
    settings = DecodeSettings(crop=tuple(numbers))
    assert from_json(DecodeSettings, json.loads(json.dumps(to_json(settings)))) == settings
