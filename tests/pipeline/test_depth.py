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
from tttlrm_blender.render import device


def photos(count: int) -> PhotoSet:
    """Black photos of cameras in one place."""
    cameras = Cameras(np.tile(np.eye(4), (count, 1, 1)), np.ones((count, 4)), np.full((count, 2), 8))
    return PhotoSet([str(view) for view in range(count)], np.zeros((count, 8, 8, 3), np.float32), cameras)


@pytest.mark.parametrize(
    ("settings", "side"),
    [
        (RefineSettings(steps=20), depth.SIDES[0]),
        (RefineSettings(steps=100), depth.SIDES[1]),
        (RefineSettings(passes=2), depth.SIDES[0]),
        (RefineSettings(seconds=2), depth.SIDES[0]),
        (RefineSettings(seconds=60), depth.SIDES[1]),
        (RefineSettings(seconds=60, steps=10), depth.SIDES[0]),
    ],
)
def test_short_refinements_get_coarse_depth(settings, side):
    with mock.patch.object(depth, "depth_of", return_value=None) as measured:
        assert depth.depth_for(photos(10), None, settings, Report()) is None
    assert measured.call_args.args[3] == side


def test_a_gpu_that_cannot_draw_does_not_make_refinements_longer(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    sides = []
    for found in (None, "gsplat"):
        monkeypatch.setattr(device, "find_spec", lambda name, found=found: found)
        with mock.patch.object(depth, "depth_of", return_value=None) as measured:
            depth.depth_for(photos(300), None, RefineSettings(), Report())
        sides.append(measured.call_args.args[3])
    assert sides == list(depth.SIDES)


def test_two_photos_are_not_measured():
    with mock.patch.object(depth, "depth_of") as measured:
        assert depth.depth_for(photos(2), None, RefineSettings(steps=100), Report()) is None
    assert not measured.called
