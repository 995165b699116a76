# SPDX-License-Identifier: GPL-3.0-or-later
"""Which photos are held out and which are chosen."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tttlrm_blender.photos.photo import Photo
from tttlrm_blender.photos.selection import hold_out, select_views

from .files import photo, poses


def set_of(c2w: np.ndarray) -> list[Photo]:
    return [photo(name=f"{index:03d}.png", c2w=pose) for index, pose in enumerate(c2w)]


@given(st.integers(0, 20), st.integers(0, 9))
def test_hold_out(count: int, n: int) -> None:
    photos = set_of(poses(count)) if count else []
    inputs, held = hold_out(photos, n)
    assert sorted([*inputs, *held], key=lambda each: each.name) == photos
    assert held == ([photos[index] for index in range(0, count, n)] if n else [])


@given(st.integers(0, 99), st.integers(1, 12), st.integers(0, 15))
def test_as_many_as_wanted_in_order_and_always_the_same(seed: int, count: int, wanted: int) -> None:
    photos = set_of(poses(count, seed))
    chosen = select_views(photos, wanted)
    assert len(chosen) == (min(count, wanted) if wanted else count)
    assert len(set(chosen)) == len(chosen)
    assert chosen == sorted(chosen, key=lambda each: each.name)
    assert chosen == select_views(photos, wanted)


def test_equal_cameras_are_no_trouble() -> None:
    assert len(select_views(set_of(poses(1).repeat(6, axis=0)), 3)) == 3


@pytest.mark.parametrize("apart", ["position", "direction"])
def test_one_of_each_group(apart: str) -> None:
    """Four tight groups of unequal size give four photos, one of each."""
    chance = np.random.default_rng(0)
    c2w, groups = [], []
    for group, size in enumerate((9, 5, 2, 12)):
        for _ in range(size):
            pose = np.eye(4)
            angle = np.pi / 2 * group + 0.01 * chance.normal() if apart == "direction" else 0.0
            pose[:3, :3] = [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]]
            pose[:3, 3] = 0.001 * chance.normal(size=3) + ([10 * group, group % 2, 0] if apart == "position" else 0)
            c2w.append(pose)
            groups.append(group)
    if apart == "direction":  # the spread of positions is one by definition, so keep them in one place
        for pose in c2w:
            pose[:3, 3] = 0
    photos = set_of(np.stack(c2w))
    chosen = select_views(photos, 4)
    assert sorted(groups[photos.index(each)] for each in chosen) == [0, 1, 2, 3]
