# SPDX-License-Identifier: GPL-3.0-or-later
"""Splitting and removing splats."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.refine.growth import MIN_OPACITY, ROUNDS, Growth, replace
from tttlrm_blender.refine.parameters import Parameters

CPU = torch.device("cpu")


@pytest.fixture
def parameters(blobs) -> Parameters:
    """The blobs, turned and stretched, after one step of the optimizer."""
    random = np.random.default_rng(4)
    quats = random.normal(size=blobs.quats.shape).astype(np.float32)
    scales = random.uniform(0.1, 0.3, blobs.scales.shape).astype(np.float32)
    made = Parameters(Gaussians(blobs.means, quats, scales, blobs.opacities, np.repeat(blobs.sh, 4, 1)), 1.0, CPU)
    sum(array.sum() for array in made.gaussians().arrays().values()).backward()
    made.step(0.5, 100)
    return made


def pulled(parameters: Parameters, pull: torch.Tensor) -> SimpleNamespace:
    """A drawing whose gradients pull each of N splats with a strength [N]."""
    gradient = torch.stack([pull, torch.zeros_like(pull)], -1)[None]
    return SimpleNamespace(means2d=SimpleNamespace(grad=gradient), radii=torch.ones(1, len(parameters)))


def test_halves_stand_on_both_sides_of_the_middle_along_the_longest_axis(parameters):
    before = parameters.gaussians().map(torch.Tensor.detach)
    count, third = len(parameters), torch.tensor([3])
    replace(parameters, torch.ones(count, dtype=torch.bool), third)
    after = parameters.gaussians().map(torch.Tensor.detach)
    first, second = after[third], after[torch.tensor([count])]
    torch.testing.assert_close((first.means + second.means) / 2, before.means[third])
    turn = rotation(before.quats[3])
    apart = turn.T @ (second.means - first.means)[0] / before.scales[3]
    longest = before.scales[3].argmax()
    torch.testing.assert_close(apart, torch.nn.functional.one_hot(longest, 3).float(), atol=1e-4, rtol=0)
    assert (first.scales < before.scales[third]).all()
    torch.testing.assert_close(first.scales, second.scales)
    torch.testing.assert_close(first.sh, second.sh)
    torch.testing.assert_close(1 - (1 - first.opacities) * (1 - second.opacities), before.opacities[third])


def rotation(quat: torch.Tensor) -> torch.Tensor:
    """The rotation matrix of a unit quaternion, by turning the three axes as q v q*."""
    w, v = quat[0], quat[1:]
    cross = torch.linalg.cross(v.expand(3, 3), torch.eye(3))
    return ((w * w - v @ v) * torch.eye(3) + 2 * v * v[:, None] + 2 * w * cross).T


def test_untouched_splats_keep_their_values_and_moments(parameters):
    before = {name: parameters[name].detach().clone() for name in parameters.leaves}
    memory = {name: parameters.moments[name][0].clone() for name in parameters.leaves}
    keep = torch.ones(len(parameters), dtype=torch.bool)
    keep[:10] = False
    replace(parameters, keep, torch.tensor([20]))
    assert len(parameters) == len(keep) - 10 + 1
    rest = torch.arange(20 - 10 + 1, len(keep) - 10)
    for name in before:
        torch.testing.assert_close(parameters[name].detach()[rest], before[name][rest + 10])
        state = parameters.moments[name][0]
        torch.testing.assert_close(state[rest], memory[name][rest + 10])
        assert not state[-1].any()


def test_the_goal_is_reached_and_never_passed(parameters):
    growth, counts = Growth(parameters, 300), []
    for step in range(200):
        growth.follow(pulled(parameters, torch.rand(len(parameters))), step / 200)
        counts.append(len(parameters))
    assert counts == sorted(counts)
    assert len(set(counts)) > ROUNDS // 2
    assert counts[-1] == pytest.approx(300, rel=0.02)
    assert counts[-1] <= 300


def test_more_splats_than_the_goal_are_left_alone(parameters):
    growth, count = Growth(parameters, 10), len(parameters)
    for step in range(100):
        growth.follow(pulled(parameters, torch.rand(count)), step / 100)
    assert len(parameters) == count


def test_those_pulled_most_are_split(parameters):
    growth, count = Growth(parameters, 10**6), len(parameters)
    pull = torch.zeros(count)
    pull[7] = 1.0
    middle = parameters["means"].detach()[7].clone()
    growth.follow(pulled(parameters, pull), 0.3)
    assert len(parameters) == count + 1
    torch.testing.assert_close(parameters["means"].detach()[[7, count]].mean(0), middle)


def test_transparent_splats_are_removed(parameters):
    with torch.no_grad():
        parameters["logits"][:5] = np.log(MIN_OPACITY / 2)
    growth, count = Growth(parameters, 10), len(parameters)
    growth.follow(pulled(parameters, torch.zeros(count)), 0.3)
    assert len(parameters) == count - 5
    assert (parameters.gaussians().opacities >= MIN_OPACITY).all()


def test_optimising_goes_on_after_a_round(parameters):
    replace(parameters, torch.ones(len(parameters), dtype=torch.bool), torch.tensor([0, 1]))
    before = parameters["means"].detach().clone()
    parameters.gaussians().means.sum().backward()
    parameters.step(0.5, 100)
    assert (parameters["means"] < before).all()


def test_rounds_during_a_pause_are_left_out(parameters):
    growth, count = Growth(parameters, 2 * len(parameters)), len(parameters)
    for step in range(ROUNDS):
        growth.follow(pulled(parameters, torch.ones(len(parameters))), 1.0, pause=step < ROUNDS - 1)
        assert (len(parameters) > count) == (step == ROUNDS - 1)
    growth.follow(pulled(parameters, torch.ones(len(parameters))), 1.0)
    assert growth.round == ROUNDS
