# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernels stay inside their arrays, whatever numbers reach them: numba checks every index where NUMBA_BOUNDSCHECK is set."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.refine.conftest import ring
from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.mesh.face_raster import rasterize_faces
from tttlrm_blender.mesh.tsdf import signed_depth
from tttlrm_blender.photos.load import PhotoSet
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import RefineSettings
from tttlrm_blender.refine.loss import photo_loss
from tttlrm_blender.refine.optimize import refine
from tttlrm_blender.render.cpu import functions
from tttlrm_blender.render.rasterize import rasterize
from tttlrm_blender.stereo.sweep import match

ROOT = Path(__file__).resolve().parents[1]
ODD = [np.nan, np.inf, -np.inf, 3e38, -3e38, 1e-45, 0.0]


def splats(count: int = 20, terms: int = 4) -> Gaussians[torch.Tensor]:
    chance = torch.Generator().manual_seed(0)
    sides = ((3,), (4,), (3,), (), (terms, 3))
    return Gaussians(*(torch.rand(count, *side, generator=chance) for side in sides))


@pytest.mark.slow
def test_nothing_is_read_or_written_outside_of_arrays(tmp_path: Path) -> None:
    """The tests of this file, with checks compiled into the kernels; without, a wrong index may do no harm, or any."""
    checked = {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-m", "not slow", "-p", "no:cacheprovider", __file__]
    ended = subprocess.run(command, cwd=ROOT, env={**os.environ, **checked}, capture_output=True, text=True, timeout=600)
    assert ended.returncode == 0, ended.stdout[-4000:]


@pytest.mark.parametrize("degree", [-(10**9), -7, -1, 0, 1, 3, 4, 20, 10**9])
@pytest.mark.parametrize("terms", [1, 4, 16, 25, 441])
def test_any_degree_draws(degree: int, terms: int) -> None:
    some = splats(terms=terms).map(lambda tensor: tensor.requires_grad_())
    drawn = rasterize(some, ring(1), (20, 10), sh_degree=degree)
    drawn.rgb.sum().backward()
    assert drawn.rgb.isfinite().all() and not some.sh.grad[:, 16:].any()


@pytest.mark.parametrize("size", [(0, 8), (8, 0), (-1, 8), (8, -(10**9)), (10**9, 8), (1 << 31, 1 << 31)])
def test_no_picture_has_such_a_size(size: tuple[int, int]) -> None:
    with pytest.raises(TttlrmError, match="A picture cannot have") as caught:
        rasterize(splats(), ring(1), size)
    assert caught.value.code == "bad_settings"


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (16, 16), (17, 15)])
def test_small_and_narrow_pictures(size: tuple[int, int]) -> None:
    some = splats().map(lambda tensor: tensor.requires_grad_())
    picture = rasterize(some, ring(2), size).rgb
    photo_loss(picture, torch.rand_like(picture)).backward()
    assert some.means.grad.isfinite().all()


@pytest.mark.parametrize("name", ["means", "quats", "scales", "opacities", "sh"])
@pytest.mark.parametrize("change", ["fewer", "more", "flat", "wide"])
def test_arrays_that_do_not_fit_together_are_refused(name: str, change: str) -> None:
    array = splats().arrays()[name]
    changed = {"fewer": array[:-1], "more": torch.cat([array, array]), "flat": array.reshape(-1), "wide": array[..., None]}[
        change
    ]
    if changed.shape != array.shape:
        with pytest.raises((ValueError, IndexError)):
            rasterize(replace(splats(), **{name: changed}), ring(1), (8, 8))


@pytest.mark.parametrize("name", ["means", "quats", "scales", "opacities", "sh"])
@pytest.mark.parametrize("value", ODD)
def test_odd_values_stay_inside(name: str, value: float) -> None:
    array = splats().arrays()[name].clone()
    array[::3] = value
    some = replace(splats(), **{name: array}).map(lambda tensor: tensor.requires_grad_())
    rasterize(some, ring(2), (33, 17)).rgb.sum().backward()


def test_more_pairs_than_can_be_numbered_are_a_lack_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(functions, "MOST_PAIRS", 3)
    with pytest.raises(MemoryError):
        rasterize(replace(splats(), scales=torch.ones(20, 3)), ring(1), (64, 64))


@pytest.mark.parametrize("shape", [(1, 8, 7, 3), (1, 7, 8, 3), (1, 8, 8, 1)])
def test_only_pictures_of_one_shape_are_compared(shape: tuple[int, ...]) -> None:
    with pytest.raises((ValueError, RuntimeError)):
        photo_loss(torch.rand(1, 8, 8, 3), torch.rand(shape))


@pytest.mark.parametrize("degree", [-(10**9), -7, -1, 4, 20, 10**9])
def test_refinement_has_a_degree_that_kernels_know(degree: int) -> None:
    photos = PhotoSet(["0", "1"], np.zeros((2, 8, 8, 3), np.float32), ring(2))
    with pytest.raises(TttlrmError, match="degree from 0 to 3") as caught:
        refine(splats().map(torch.Tensor.numpy), photos, RefineSettings(steps=1, sh_degree=degree), Report())
    assert caught.value.code == "bad_settings"


@pytest.mark.parametrize(("height", "width"), [(2, 2), (2, 40), (40, 2), (4, 2)])
def test_photos_of_two_pixels_are_swept(height: int, width: int) -> None:
    c2w = torch.eye(4).repeat(3, 1, 1)
    c2w[:, 0, 3] = torch.arange(3) * 0.01
    intrinsics = torch.tensor([[30.0, 30.0, width / 2, height / 2]]).repeat(3, 1)
    arguments = torch.rand(3, height, width, 3), c2w, intrinsics, torch.tensor([1.0, 2.0, 1e-6, 1e30])
    fast, plain = (torch.stack(list(match(*arguments, backend=backend))) for backend in ("cpu", "reference"))
    torch.testing.assert_close(fast[..., :2], plain[..., :2], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("u", [*ODD, 2.5, 3.0, 4.0])
@pytest.mark.parametrize("v", [*ODD, 1.5])
def test_depth_is_read_inside_of_its_map(u: float, v: float) -> None:
    ones = np.ones((4, 5), np.float32)
    half, one = np.float32(0.5), np.float32(1)
    signed, confidence = signed_depth(np.float32(u), np.float32(v), half, one, ones, ones)
    inside = 0 <= u < 4 and 0 <= v < 3
    assert (signed, confidence) == ((0.5, 1) if inside else (0, 0))


@pytest.mark.parametrize("value", ODD)
def test_faces_with_odd_corners_stay_inside(value: float) -> None:
    triangles = np.random.default_rng(0).random((12, 3, 2)) * 9
    triangles[::2, 1, 0] = value
    front, _ = rasterize_faces(triangles, np.zeros((12, 3)), 7, 5)
    assert front.shape == (7, 5)
