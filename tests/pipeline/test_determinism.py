# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos become the same splats every time, with the network that is used unless another is asked for."""

import itertools
import time

import numpy as np
import pytest
import torch

from tests.worker.photo_folder import write_photos
from tttlrm_blender.pipeline import jobs
from tttlrm_blender.pipeline.scene import Scene
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import ReconstructSettings, RefineSettings


@pytest.mark.slow
def test_threads_and_clocks_do_not_change_the_splats(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene, threads = Scene(write_photos(tmp_path / "photos")), torch.get_num_threads()
    settings, results = ReconstructSettings(hold_out=3, refine=RefineSettings(steps=20)), []
    hours = itertools.count(0, 3600)
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            results.append(jobs.reconstruct(scene, settings, Report()).gaussians.arrays())
            monkeypatch.setattr(time, "perf_counter", lambda: float(next(hours)))
    finally:
        torch.set_num_threads(threads)
    first, second = results
    assert first.keys() == second.keys() and all(np.array_equal(first[name], second[name]) for name in first)
