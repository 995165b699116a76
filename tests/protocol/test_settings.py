# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings there and back, and settings that make no sense."""

import json
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.protocol.settings import (
    DecodeSettings,
    MeshSettings,
    ReconstructSettings,
    RefineSettings,
    RenderSettings,
    from_json,
    to_json,
)


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
    ],
)
def test_settings_that_make_no_sense_are_refused(kind, values):
    with pytest.raises(TttlrmError) as caught:
        from_json(kind, values)
    assert caught.value.code == "bad_settings"


BOUNDED = [(kind, setting) for kind in (DecodeSettings, MeshSettings) for setting in fields(kind) if "bounds" in setting.metadata]


@pytest.mark.parametrize(("kind", "setting"), BOUNDED, ids=lambda part: getattr(part, "name", ""))
@given(value=st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_taken_where_it_lies_within_bounds_and_else_answered_with_them(kind, setting, value):
    least, most = setting.metadata["bounds"]
    whole = isinstance(setting.default, int)
    if least <= value <= most and not (whole and isinstance(value, float)):
        assert getattr(from_json(kind, {setting.name: value}), setting.name) == type(setting.default)(value)
        return
    with pytest.raises(TttlrmError, match=f"The setting {setting.name} of {kind.__name__} cannot be") as caught:
        from_json(kind, {setting.name: value})
    assert caught.value.code == "bad_settings"
    if type(value) is type(setting.default):
        assert caught.value.hint.startswith("Choose ")


@given(numbers=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=16, max_size=16))
def test_a_crop_box_survives_the_wire_exactly(numbers):
    settings = DecodeSettings(crop=tuple(numbers))
    assert from_json(DecodeSettings, json.loads(json.dumps(to_json(settings)))) == settings
