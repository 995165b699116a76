# SPDX-License-Identifier: GPL-3.0-or-later
"""Raw parameters and their optimizer."""

import numpy as np
import pytest
import torch

from tttlrm_blender.refine.parameters import BETAS, EPSILON, MIN_DC, RATES, STEPS_TO_FALL, Parameters


def test_splats_survive_the_way_there_and_back(blobs):
    back = Parameters(blobs, 1.0, torch.device("cpu")).to_numpy()
    for name, array in blobs.arrays().items():
        np.testing.assert_allclose(back.arrays()[name], array, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("used", "fall", "means_fall"), [(0.0, 1, 1), (0.5, 3, 10), (1.0, 9, 100)])
def test_the_first_step_is_as_long_as_the_rate(used, fall, means_fall, blobs):
    parameters = Parameters(blobs, 3.0, torch.device("cpu"))
    before = {name: parameters[name].detach().clone() for name in RATES}
    sum(parameters[name].sum() for name in RATES).backward()
    parameters.step(used, 8 * STEPS_TO_FALL)
    for name, rate in RATES.items():
        expected = 3.0 * rate / means_fall if name == "means" else rate / fall
        torch.testing.assert_close(parameters[name], before[name] - expected, rtol=1e-4, atol=1e-6)
        assert parameters[name].grad is None


def test_gradients_that_are_not_finite_move_nothing(blobs):
    parameters = Parameters(blobs, 1.0, torch.device("cpu"))
    for name in RATES:
        parameters[name].grad = torch.full_like(parameters[name], torch.nan)
        parameters[name].grad[1:] = torch.inf
    parameters.step(0.0, 100)
    np.testing.assert_allclose(parameters.to_numpy().means, blobs.means)


def test_steps_are_those_of_torch(blobs):
    parameters = Parameters(blobs, 2.0, torch.device("cpu"))
    twin = [parameters[name].detach().clone().requires_grad_() for name in RATES]
    groups = [
        {"params": [leaf], "lr": rate * (2.0 if name == "means" else 1.0)}
        for leaf, (name, rate) in zip(twin, RATES.items(), strict=True)
    ]
    optimizer = torch.optim.Adam(groups, betas=BETAS, eps=EPSILON, fused=True)
    for step in range(3):
        for name, leaf in zip(RATES, twin, strict=True):
            leaf.grad = torch.full_like(leaf, 0.1 * step + 0.01)
            parameters[name].grad = leaf.grad.clone()
        optimizer.step()
        parameters.step(0.0, 100)
    for name, leaf in zip(RATES, twin, strict=True):
        assert torch.equal(parameters[name], leaf.clamp(min=MIN_DC) if name == "dc" else leaf), name
