# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings there and back, and settings that make no sense."""

import json

import pytest

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
