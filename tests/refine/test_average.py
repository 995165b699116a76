# SPDX-License-Identifier: GPL-3.0-or-later
"""The mean of the splats, of which later ones count more."""

import numpy as np
import pytest
import torch

from tttlrm_blender.refine.average import DECAY, FROM, Average
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


def test_the_mean_is_that_of_weights_that_grow_with_the_step(blobs, parameters) -> None:
    average, steps = Average(parameters), np.arange(1, 31)
    for _ in steps:
        shift(parameters, 1.0)
        average.follow(1.0)
    weights = np.array([np.prod(step + np.arange(DECAY)) for step in steps], float)
    mean = (weights * steps).sum() / weights.sum()
    assert len(steps) - mean == pytest.approx(len(steps) / (DECAY + 2), rel=0.05)
    np.testing.assert_allclose(average.to_numpy().means, blobs.means + mean, atol=1e-4)
    np.testing.assert_allclose(parameters.to_numpy().means, blobs.means + mean, atol=1e-4)


def test_without_steps_the_splats_stay(blobs, parameters) -> None:
    np.testing.assert_allclose(Average(parameters).to_numpy().means, blobs.means)


def test_new_splats_start_a_new_mean(blobs, parameters) -> None:
    average = Average(parameters)
    average.follow(1.0)
    shift(parameters, 1.0)
    replace(parameters, torch.arange(len(parameters)) > 0, torch.tensor([1]))
    average.follow(1.0)
    expected = parameters.to_numpy().means
    np.testing.assert_allclose(average.to_numpy().means, expected)
    assert len(expected) == len(blobs)


def test_splats_added_last_are_kept(parameters) -> None:
    average = Average(parameters)
    average.follow(1.0)
    replace(parameters, torch.arange(len(parameters)) > 4, torch.tensor([7]))
    assert len(average.to_numpy()) == len(parameters)


def test_steps_of_the_first_half_do_not_count(blobs, parameters) -> None:
    average = Average(parameters)
    average.follow(FROM - 0.01)
    shift(parameters, 1.0)
    average.follow(FROM)
    np.testing.assert_allclose(average.to_numpy().means, blobs.means + 1, rtol=1e-6)
