# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shown of a scene while poses are estimated, and once they are known."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.poses.find import find_photos
from tttlrm_blender.poses.sighting import sight_of_model, sight_of_photos


def test_a_model_is_seen_upright(shared: Path):
    sight = sight_of_model(shared / "data/colmap/fox/sparse/0")
    assert len(sight.c2w) == len(sight.sizes) == len(sight.intrinsics) > 40 and len(sight.splats) > 1000
    ups = -sight.c2w[:, :3, 1]
    assert (ups[:, 2] > 0.5).mean() > 0.9 and abs(np.linalg.det(sight.c2w[:, :3, :3]) - 1).max() < 1e-6
    assert (sight.splats.means[:, 2] > -1).mean() > 0.9  # above the ground


def test_an_unfinished_model_that_is_not_whole_is_told(shared: Path, tmp_path: Path):
    for name in ("cameras.bin", "images.bin"):
        shutil.copy(shared / "data/colmap/fox/sparse/0" / name, tmp_path)
    with pytest.raises(TttlrmError):
        sight_of_model(tmp_path)


def test_photos_with_poses_of_their_own_are_seen_without_points(shared: Path):
    sight = sight_of_photos(find_photos(shared / "data/fox"))
    assert len(sight.c2w) == 50 and len(sight.splats) == 0
