# SPDX-License-Identifier: GPL-3.0-or-later
"""Raw parameters and their optimiser."""

import numpy as np
import torch

from tttlrm_blender.refine.parameters import RATES, Parameters


def test_splats_survive_the_way_there_and_back(blobs):
    back = Parameters(blobs, 1.0, torch.device("cpu")).to_numpy()
    for name, array in blobs.arrays().items():
        np.testing.assert_allclose(back.arrays()[name], array, rtol=1e-5, atol=1e-6)


def test_the_first_step_is_as_long_as_the_rate(blobs):
    for used, last in ((0.0, 0), (1.0, 1)):
        parameters = Parameters(blobs, 3.0, torch.device("cpu"))
        before = {name: parameters[name].detach().clone() for name in RATES}
        sum(parameters[name].sum() for name in RATES).backward()
        parameters.step(used)
        for name, rates in RATES.items():
            expected = rates[last] * (3.0 if name == "means" else 1.0)
            torch.testing.assert_close(parameters[name], before[name] - expected, rtol=1e-4, atol=1e-6)
            assert parameters[name].grad is None


def test_gradients_that_are_not_finite_move_nothing(blobs):
    parameters = Parameters(blobs, 1.0, torch.device("cpu"))
    for name in RATES:
        parameters[name].grad = torch.full_like(parameters[name], torch.nan)
        parameters[name].grad[1:] = torch.inf
    parameters.step(0.0)
    np.testing.assert_allclose(parameters.to_numpy().means, blobs.means)
