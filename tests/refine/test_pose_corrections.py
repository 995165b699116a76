# SPDX-License-Identifier: GPL-3.0-or-later
"""Corrections of poses: moved splats look as they do from a corrected camera, and wrong poses are put right."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tttlrm_blender.gaussians.gaussians import SH_DC, Gaussians
from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.geometry.quaternions import to_matrices
from tttlrm_blender.photos.load import PhotoSet
from tttlrm_blender.poses.sparse_points import SparsePoints
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import RefineSettings
from tttlrm_blender.refine.optimize import refine
from tttlrm_blender.refine.parameters import Parameters
from tttlrm_blender.refine.photo_gradients import PhotoGradients
from tttlrm_blender.refine.pose_corrections import PoseCorrections
from tttlrm_blender.render.metrics import evaluate_views
from tttlrm_blender.render.rasterize import rasterize

from .conftest import ring

CPU = torch.device("cpu")
BLOBS, SIZE = 800, 64


@pytest.fixture(scope="module")
def detailed() -> tuple[Gaussians, PhotoSet, SparsePoints]:
    """Many small blobs, photos that show them well, and points near their middles."""
    random = np.random.default_rng(0)
    splats = Gaussians(
        means=random.uniform(-1.7, 1.7, (BLOBS, 3)).astype(np.float32),
        quats=np.tile(np.array([1, 0, 0, 0], np.float32), (BLOBS, 1)),
        scales=np.full((BLOBS, 3), 0.13, np.float32),
        opacities=np.full(BLOBS, 0.9, np.float32),
        sh=(random.uniform(-0.4, 0.4, (BLOBS, 1, 3)) / SH_DC).astype(np.float32),
    )
    cameras = ring(8).resized(SIZE, SIZE)
    with torch.no_grad():
        images = rasterize(splats.map(torch.as_tensor), cameras, (SIZE, SIZE)).rgb.clamp(0, 1).numpy()
    means = splats.means + random.normal(0, 0.02, splats.means.shape).astype(np.float32)
    points = SparsePoints(means, splats.sh[:, 0] * SH_DC + 0.5)
    return splats, PhotoSet([f"{view}.png" for view in range(8)], images, cameras), points


@torch.no_grad()
def corrected(poses: PoseCorrections, cameras: Cameras) -> Cameras:
    """The cameras with their corrections, where `PoseCorrections.moved` moves the splats instead."""
    c2w, middle = cameras.c2w.copy(), poses.middle.double().numpy()
    for view in range(len(cameras)):
        turn, shift = (part.double().numpy() for part in poses._motion(view))
        back = to_matrices(turn).T
        c2w[view, :3, :3] = back @ c2w[view, :3, :3]
        c2w[view, :3, 3] = back @ (c2w[view, :3, 3] - middle - shift) + middle
    return replace(cameras, c2w=c2w)


def shaken(cameras: Cameras, size: float) -> Cameras:
    """Cameras with poses that are a little wrong, in radians and shares of the scene's extent, but not on the whole."""
    poses, random = PoseCorrections(len(cameras), torch.zeros(3), 4.0), torch.Generator().manual_seed(5)
    motions = size * torch.randn(len(cameras), 2, 3, generator=random)
    poses.motions = list(motions - motions.mean(0))
    return corrected(poses, cameras)


def angles(cameras: Cameras, others: Cameras) -> np.ndarray:
    """Between the directions of view of cameras [V], in radians."""
    cosines = np.einsum("vi,vi->v", cameras.c2w[:, :3, 2], others.c2w[:, :3, 2])
    return np.arccos(cosines.clip(-1, 1))


def distances(cameras: Cameras, others: Cameras) -> np.ndarray:
    """Between the centers of cameras [V], in world units."""
    return np.linalg.norm(cameras.c2w[:, :3, 3] - others.c2w[:, :3, 3], axis=1)


def test_moved_splats_look_as_from_the_corrected_camera(blobs, photos):
    poses = PoseCorrections(len(photos), torch.tensor([0.1, -0.2, 0.3]), 4.0)
    with torch.no_grad():
        poses.motions[2] += torch.tensor([[0.04, -0.03, 0.05], [0.01, 0.02, -0.03]])
        splats = blobs.map(torch.as_tensor)
        moved = rasterize(poses.moved(2, splats), photos.cameras[[2]], (32, 32)).rgb
        expected = rasterize(splats, corrected(poses, photos.cameras)[[2]], (32, 32)).rgb
        before = rasterize(splats, photos.cameras[[2]], (32, 32)).rgb
    assert (moved - before).abs().mean() > 0.01
    torch.testing.assert_close(moved, expected, atol=2e-3, rtol=0)


def test_the_scene_stays_where_it_is():
    poses = PoseCorrections(3, torch.zeros(3), 1.0)
    for view in (0, 1, 1):
        poses.motions[view].sum().backward()
        poses.step(0.0)
    motions = torch.stack(poses.motions)
    assert motions.abs().max() > 0
    torch.testing.assert_close(motions.mean(0), torch.zeros(2, 3))


@pytest.mark.slow
def test_wrong_poses_are_put_right(detailed):
    """Only the poses learn; the splats are the right ones."""
    splats, photos, _ = detailed
    wrong = replace(photos, cameras=shaken(photos.cameras, 0.005))
    gradients = PhotoGradients(Parameters(splats, 4.0, CPU), wrong, RefineSettings(poses=True))
    for step in range(480):
        gradients.backward(step % len(photos), 0, np.zeros(3))
        gradients.step(step / 480)
    found = corrected(gradients.poses, wrong.cameras)
    assert angles(found, photos.cameras).mean() < 0.7 * angles(wrong.cameras, photos.cameras).mean()
    assert distances(found, photos.cameras).mean() < 0.3 * distances(wrong.cameras, photos.cameras).mean()


@pytest.mark.slow
def test_splats_of_wrongly_posed_photos_are_sharper_with_corrections(detailed, nothing):
    _, photos, points = detailed
    wrong = replace(photos, cameras=shaken(photos.cameras, 0.01))
    settings = RefineSettings(steps=120, sh_degree=0)
    without, with_them = (refine(nothing, wrong, replace(settings, poses=on), Report(), points) for on in (False, True))
    assert evaluate_views(with_them, photos)["psnr"] > evaluate_views(without, photos)["psnr"] + 1
