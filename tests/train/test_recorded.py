# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded scenes: read as they were written; crops, mirror images and views that agree with their cameras."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.geometry.rays import camera_rays, pixel_centers
from tttlrm_blender.train.batches import Shape
from tttlrm_blender.train.loader import fitting, make_step_data
from tttlrm_blender.train.recorded import recorded_scenes
from tttlrm_blender.train.recording import Recording, extent, file_of, read, recordings, write
from tttlrm_blender.train.sampling import generator_for
from tttlrm_blender.train.scenes import make_scenes

from .small import CONFIG, PLAN, SPENT

VIEWS, SIDE = 7, 48


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with three scenes."""
    for number in range(3):
        made = make_scenes(generator_for(5, number), 1, VIEWS, (SIDE, SIDE), ordered=True)
        images = (made.images[0] * 255).round().byte()
        recording = Recording(*(part.numpy() for part in (images, made.depth[0], made.c2w[0], made.intrinsics[0])))
        write(file_of(tmp_path, 0, number), recording)
    return tmp_path


def test_scenes_are_read_as_they_were_written(folder: Path) -> None:
    made = make_scenes(generator_for(5, 1), 1, VIEWS, (SIDE, SIDE), ordered=True)
    found = read(file_of(folder, 0, 1))
    np.testing.assert_allclose(found.depth, made.depth[0], rtol=3e-4)
    np.testing.assert_array_equal(found.c2w, made.c2w[0])
    assert found.images.dtype == np.uint8 and len(recordings(folder)) == 3


def test_other_files_and_empty_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TttlrmError, match="no recorded scenes"):
        recordings(tmp_path)


@pytest.mark.parametrize("content", ["nothing", "other", "cut", "changed", "array", "numbers"])
def test_broken_files_are_told(folder: Path, content: str) -> None:
    path = file_of(folder, 0, 0)
    data = bytearray(path.read_bytes())
    if content == "changed":
        data[60:1500:37] = bytes(byte ^ 255 for byte in data[60:1500:37])
    if content in ("array", "numbers"):
        with path.open("wb") as file:
            np.save(file, np.ones(3)) if content == "array" else np.savez(file, **dict.fromkeys(Recording._fields, 1))
    else:
        path.write_bytes({"nothing": b"", "other": b"PK other", "cut": data[: len(data) // 2], "changed": data}[content])
    with pytest.raises(TttlrmError, match="damaged"):
        read(path)
    if content in ("nothing", "other", "cut", "array"):
        with pytest.raises(TttlrmError, match="damaged"):
            extent(path)


def test_views_agree_with_their_cameras(folder: Path) -> None:
    """Whatever the crop and the mirror: points of one view lie where another view sees points at the same distance."""
    made = recorded_scenes(generator_for(1, 0), recordings(folder), 12, 2, (40, 24), inputs=2, ordered=True)
    shares = []
    for depth, c2w, intrinsics in zip(made.depth, made.c2w, made.intrinsics, strict=True):
        there = depth[0] > 0
        rays = camera_rays(pixel_centers(24, 40, depth), intrinsics[0])
        world = (rays * depth[0][..., None])[there] @ c2w[0, :3, :3].mT + c2w[0, :3, 3]
        local = (world - c2w[1, :3, 3]) @ c2w[1, :3, :3]
        place = (local[:, :2] / local[:, 2:] * intrinsics[1, :2] + intrinsics[1, 2:]).floor().long()
        within = (local[:, 2] > 0) & (place >= 0).all(1) & (place < torch.tensor([40, 24])).all(1)
        seen = depth[1][place[within, 1], place[within, 0]]
        shares.append(((seen / local[within, 2]).log().abs() < 0.03).float().mean())
    assert torch.stack(shares).nanmedian() > 0.6


def test_views_lie_along_the_path(folder: Path) -> None:
    made = recorded_scenes(generator_for(0, 0), recordings(folder), 6, 5, (32, 32), inputs=3, ordered=True)
    assert made.images.shape == (6, 5, 32, 32, 3) and made.depth.shape == (6, 5, 32, 32)
    poses = {
        tuple(map(tuple, pose.abs().numpy())) for path in recordings(folder) for pose in torch.from_numpy(read(path).c2w)[:, :3]
    }
    assert {tuple(map(tuple, pose.abs().numpy())) for pose in made.c2w.flatten(0, 1)[:, :3]} <= poses
    assert all(len(scene.unique(dim=0)) == 5 for scene in made.c2w)


def test_shapes_fit_into_recorded_scenes(folder: Path) -> None:
    wide = fitting(Shape(scenes=2, inputs=16, others=3, size=(96, 64)), recordings(folder), patch=8)
    assert wide == Shape(scenes=2, inputs=VIEWS - 3, others=3, size=(SIDE, 32))


def record(path: Path, views: int, side: int) -> None:
    """A small scene."""
    made = make_scenes(generator_for(5, 9), 1, views, (side, side), ordered=True)
    images = (made.images[0] * 255).round().byte()
    write(path, Recording(*(part.numpy() for part in (images, made.depth[0], made.c2w[0], made.intrinsics[0]))))


def test_shapes_fit_into_the_smallest_of_all_recorded_scenes(folder: Path) -> None:
    record(file_of(folder, 1, 0), VIEWS - 1, SIDE)
    record(file_of(folder, 1, 1), VIEWS, SIDE - 16)
    shape = fitting(Shape(scenes=2, inputs=16, others=3, size=(96, 64)), recordings(folder), patch=8)
    assert shape == Shape(scenes=2, inputs=VIEWS - 4, others=3, size=(SIDE - 16, 16))
    made = recorded_scenes(generator_for(0, 0), recordings(folder), 12, shape.inputs + 3, shape.size, shape.inputs)
    assert made.images.shape == (12, VIEWS - 1, 16, SIDE - 16, 3)
    record(file_of(folder, 1, 2), 3, SIDE)
    with pytest.raises(TttlrmError, match=r"001-00002\.npz has too few views: 3"):
        fitting(shape, recordings(folder), patch=8)


def test_a_share_of_the_steps_learns_from_recorded_scenes(folder: Path) -> None:
    plan = replace(PLAN, recorded=str(folder), share=0.5)
    steps = [make_step_data(CONFIG, plan, step, SPENT["splats"], "cpu", matched=False) for step in range(12)]
    without = [make_step_data(CONFIG, PLAN, step, SPENT["splats"], "cpu", matched=False) for step in range(12)]
    again = make_step_data(CONFIG, plan, 3, SPENT["splats"], "cpu", matched=False)
    torch.testing.assert_close(again.batch.images, steps[3].batch.images, atol=0, rtol=0)
    changed = [
        one.batch.images.shape != two.batch.images.shape or bool((one.batch.images != two.batch.images).any())
        for one, two in zip(steps, without, strict=True)
    ]
    assert any(changed)
