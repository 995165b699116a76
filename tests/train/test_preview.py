# SPDX-License-Identifier: GPL-3.0-or-later
"""The contact sheet of scenes."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.train.preview import DEPTHS, depth_colors, write_preview


def test_preview_has_a_row_for_each_scene(tmp_path: Path) -> None:
    path = tmp_path / "sheet.png"
    write_preview(path, seed=0, scenes=2, views=3, size=(24, 16))
    image = Image.open(path)
    assert image.format == "PNG" and image.size == (24 * (3 + DEPTHS), 16 * 2)
    assert np.asarray(image).std() > 5
    assert list(tmp_path.iterdir()) == [path]


def test_near_far_and_nothing_look_different() -> None:
    near, middle, far, nothing = depth_colors(torch.tensor([1.0, 2.0, 4.0, 0.0]))
    assert near.sum() > middle.sum() > far.sum()
    assert nothing.tolist() == [1, 1, 1] and depth_colors(torch.zeros(2, 2)).eq(1).all()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TttlrmError, match="nowhere"):
        write_preview(tmp_path / "nowhere" / "sheet.png", 0, scenes=1, views=2, size=(8, 8))
