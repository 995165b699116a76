# SPDX-License-Identifier: GPL-3.0-or-later
"""When and at what size dense depth is measured for a refinement."""

from unittest import mock

import numpy as np
import pytest
import torch

from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.photos.load import PhotoSet
from tttlrm_blender.pipeline import depth
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import RefineSettings
from tttlrm_blender.refine.budget import Budget
from tttlrm_blender.render import device


def photos(count: int) -> PhotoSet:
    """Black photos of cameras in one place."""
    cameras = Cameras(np.tile(np.eye(4), (count, 1, 1)), np.ones((count, 4)), np.full((count, 2), 8))
    return PhotoSet([str(view) for view in range(count)], np.zeros((count, 8, 8, 3), np.float32), cameras)


def sides(settings: RefineSettings, count: int = 10) -> list[int]:
    """Sizes at which depth is measured for a refinement, one after another."""
    budget = Budget(RefineSettings(steps=1), 1)
    with mock.patch.object(depth, "kept_depth_by_photo", side_effect=lambda *_: iter(())) as measured:
        known = depth.depth_for(photos(count), None, settings, Report())
        budget.steps = 1
        assert known is not None
        known.follow(budget, Report())
    return [call.args[3] for call in measured.call_args_list]


@pytest.mark.parametrize(
    ("settings", "measured"),
    [
        (RefineSettings(steps=20), depth.SIDES[:1]),
        (RefineSettings(passes=2), depth.SIDES[:1]),
        (RefineSettings(seconds=2), depth.SIDES[:1]),
        (RefineSettings(seconds=60, steps=10), depth.SIDES[:1]),
        (RefineSettings(steps=100), depth.SIDES[1:]),
        (RefineSettings(seconds=10), depth.SIDES[1:]),
        (RefineSettings(steps=300), depth.SIDES),
        (RefineSettings(seconds=60), depth.SIDES),
    ],
)
def test_depth_is_as_fine_as_a_refinement_is_long(settings, measured):
    assert sides(settings) == list(measured)


def test_a_gpu_that_cannot_draw_does_not_make_refinements_longer(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    measured = []
    for backend in ("cpu", "cuda"):
        monkeypatch.setattr(device, "drawing_backend", lambda backend=backend: backend)
        measured.append(sides(RefineSettings(), 300))
    assert measured == [[side] for side in depth.SIDES]


def test_two_photos_are_not_measured():
    with mock.patch.object(depth, "depth_of") as measured:
        assert depth.depth_for(photos(2), None, RefineSettings(steps=100), Report()) is None
    assert not measured.called
