# SPDX-License-Identifier: GPL-3.0-or-later
"""The mean of the splats over the last steps."""

import numpy as np
import pytest
import torch

from tttlrm_blender.refine.average import FROM, Average
from tttlrm_blender.refine.growth import replace
from tttlrm_blender.refine.parameters import Parameters


@pytest.fixture
def parameters(blobs) -> Parameters:
    """The blobs."""
    return Parameters(blobs, 1.0, torch.device("cpu"))


def shift(parameters: Parameters, distance: float) -> None:
    """Move all splats."""
    with torch.no_grad():
        parameters["means"].add_(distance)


def test_the_mean_of_the_last_steps(blobs, parameters) -> None:
    average = Average(parameters)
    for used in (0.0, FROM - 0.01, FROM, 0.9, 1.0):
        shift(parameters, 1.0)
        average.follow(used)
    np.testing.assert_allclose(average.to_numpy().means, blobs.means + 4, atol=1e-5)
    np.testing.assert_allclose(parameters.to_numpy().means, blobs.means + 4, atol=1e-5)


def test_without_late_steps_the_splats_stay(blobs, parameters) -> None:
    average = Average(parameters)
    average.follow(0.1)
    np.testing.assert_allclose(average.to_numpy().means, blobs.means)


def test_new_splats_start_a_new_mean(blobs, parameters) -> None:
    average = Average(parameters)
    average.follow(0.9)
    shift(parameters, 1.0)
    replace(parameters, torch.arange(len(parameters)) > 0, torch.tensor([1]))
    average.follow(0.95)
    expected = parameters.to_numpy().means
    np.testing.assert_allclose(average.to_numpy().means, expected)
    assert len(expected) == len(blobs)


def test_splats_added_last_are_kept(parameters) -> None:
    average = Average(parameters)
    average.follow(0.9)
    replace(parameters, torch.arange(len(parameters)) > 4, torch.tensor([7]))
    assert len(average.to_numpy()) == len(parameters)
