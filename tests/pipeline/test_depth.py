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
    with mock.patch.object(depth, "kept_depth") as measured:
        known = depth.depth_for(photos(count), None, settings, Report())
        budget.steps = 1
        assert known is not None
        known.follow(budget, Report())
    return [call.args[3] for call in measured.call_args_list]


@pytest.mark.parametrize(
    ("settings", "fine"),
    [
        (RefineSettings(steps=20), False),
        (RefineSettings(steps=100), True),
        (RefineSettings(passes=2), False),
        (RefineSettings(seconds=2), False),
        (RefineSettings(seconds=60), True),
        (RefineSettings(seconds=60, steps=10), False),
    ],
)
def test_only_long_refinements_get_finer_depth(settings, fine):
    assert sides(settings) == list(depth.SIDES[: 1 + fine])


def test_a_gpu_that_cannot_draw_does_not_make_refinements_longer(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    measured = []
    for found in (None, "gsplat"):
        monkeypatch.setattr(device, "find_spec", lambda name, found=found: found)
        measured.append(sides(RefineSettings(), 300))
    assert [len(found) for found in measured] == [1, 2]


def test_two_photos_are_not_measured():
    with mock.patch.object(depth, "depth_of") as measured:
        assert depth.depth_for(photos(2), None, RefineSettings(steps=100), Report()) is None
    assert not measured.called
