# SPDX-License-Identifier: GPL-3.0-or-later
"""Votes of views on each other's distances, in front of a wall."""

import torch

from tttlrm_blender.geometry.rays import unit_rays
from tttlrm_blender.stereo.agreement import agreement

VIEWS, SIDE, WALL = 3, 12, 3.0


def wall() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The logarithms of the distances of a wall [V, h, w] from cameras side by side, their poses and intrinsics."""
    c2w = torch.eye(4).repeat(VIEWS, 1, 1)
    c2w[:, 0, 3] = torch.linspace(-0.25, 0.25, VIEWS)
    intrinsics = torch.tensor([[12.0, 12, 6, 6]]).repeat(VIEWS, 1)
    return (WALL / unit_rays(intrinsics, SIDE, SIDE)[..., 2]).log(), c2w, intrinsics


def test_what_is_true_is_confirmed_by_all_who_see_it() -> None:
    votes = agreement(*wall())
    assert votes.shape == (VIEWS, SIDE, SIDE) and (votes[:, :, 3:-3] == VIEWS - 1).all()


def test_what_others_see_through_is_voted_down_and_what_they_do_not_see_is_not() -> None:
    distances, c2w, intrinsics = wall()
    distances[1, 6, 6] -= 0.4  # a point in the air
    distances[1, 2, 6] += 0.4  # one behind the wall
    votes = agreement(distances, c2w, intrinsics)
    assert votes[1, 6, 6] == -(VIEWS - 1) and votes[1, 2, 6] == 0


def test_a_single_view_has_no_votes() -> None:
    assert not agreement(*(part[:1] for part in wall())).any()
