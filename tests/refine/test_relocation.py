# SPDX-License-Identifier: GPL-3.0-or-later
"""Densification by relocation: the picture stays, transparent splats find work, and counts follow the goal."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import RefineSettings
from tttlrm_blender.refine.growth import MIN_OPACITY
from tttlrm_blender.refine.optimize import refine
from tttlrm_blender.refine.parameters import Parameters
from tttlrm_blender.refine.relocation import Relocation, noise, relocate, relocated_opacities
from tttlrm_blender.refine.start import splats_from_points
from tttlrm_blender.render.metrics import evaluate_views
from tttlrm_blender.render.rasterize import rasterize

CPU = torch.device("cpu")
NOTHING_DRAWN = SimpleNamespace()


@pytest.fixture
def parameters(blobs) -> Parameters:
    """The blobs, half as opaque, after a step of the optimizer."""
    made = Parameters(Gaussians(blobs.means, blobs.quats, blobs.scales, blobs.opacities / 2, blobs.sh), 4.0, CPU)
    (0 * sum(array.sum() for array in made.gaussians().arrays().values())).backward()
    made.step(0.5, 100)
    return made


def drawn(parameters: Parameters, photos) -> torch.Tensor:
    with torch.no_grad():
        return rasterize(parameters.gaussians(), photos.cameras, (32, 32)).rgb


def test_opacities_compose_and_the_light_that_is_blocked_stays():
    opacities, together = torch.tensor([0.9, 0.5, 0.3, 0.7]), torch.tensor([2, 3, 1, 5])
    parts, shrink = relocated_opacities(opacities, together)
    torch.testing.assert_close(1 - (1 - parts) ** together, opacities)
    along = torch.linspace(-8, 8, 4001)
    for old, part, factor, count in zip(opacities, parts, shrink, together, strict=True):
        before = old * torch.exp(-(along**2) / 2)
        after = 1 - (1 - part * torch.exp(-((along / factor) ** 2) / 2)) ** count
        torch.testing.assert_close(after.sum(), before.sum(), rtol=1e-4, atol=0)


def test_the_picture_stays_nearly_the_same_where_splats_share_places(parameters, photos):
    before, count = drawn(parameters, photos), len(parameters)
    relocate(parameters, torch.arange(count), torch.tensor([3, 3, 10, 40]))
    assert len(parameters) == count + 4
    after = drawn(parameters, photos)
    assert (after - before).abs().mean() < 0.002
    torch.testing.assert_close(parameters["means"].detach()[-4:-2], parameters["means"].detach()[[3, 3]])


def test_transparent_splats_move_onto_others(parameters):
    with torch.no_grad():
        parameters["logits"][:5] = np.log(MIN_OPACITY / 2)
    places, count = parameters["means"].detach()[5:].clone(), len(parameters)
    Relocation(parameters, count).follow(NOTHING_DRAWN, 0.3)
    assert len(parameters) == count
    assert (parameters.gaussians().opacities >= MIN_OPACITY).all()
    assert torch.cdist(parameters["means"].detach()[-5:], places).min(1).values.max() < 0.01


def test_the_goal_is_reached_and_never_passed(parameters):
    relocation, counts = Relocation(parameters, 200), []
    for step in range(100):
        relocation.follow(NOTHING_DRAWN, step / 100)
        counts.append(len(parameters))
    assert counts == sorted(counts) and counts[-1] == pytest.approx(200, rel=0.03) and counts[-1] <= 200


def test_noise_moves_the_faint_in_their_shape(parameters):
    with torch.no_grad():
        parameters["logits"][0] = -9.0
        parameters["log_scales"][0] = torch.tensor([-1.0, -8.0, -8.0])
    steps = torch.stack([noise(parameters, torch.Generator().manual_seed(seed)) for seed in range(20)])
    assert steps[:, 1:].abs().max() < 1e-6
    assert steps[:, 0, 0].abs().mean() > 1e3 * steps[:, 0, 1:].abs().max()


def test_relocation_makes_splats_sharper(nothing, photos, points):
    settings = RefineSettings(steps=80, densify="mcmc")
    first, second = (refine(nothing, photos, settings, Report(), points) for _ in range(2))
    start = evaluate_views(splats_from_points(points), photos)
    assert evaluate_views(first, photos)["psnr"] > start["psnr"] + 4
    np.testing.assert_allclose(first.means, second.means, atol=1e-4)
