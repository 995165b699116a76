# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the nearest place is a marked one, beside a comparison with all places."""

import numpy as np
import pytest

from operators.scene import nearer


def compared_with_all(wanted: np.ndarray, places: np.ndarray, marked: np.ndarray) -> np.ndarray:
    """The plain twin."""
    return np.array([marked[np.square(places - place).sum(1).argmin()] for place in wanted.astype(np.float64)], dtype=bool)


def cloud(count: int, seed: int) -> np.ndarray:
    """Places on a thin sheet, which are many in a cell, and some that are far off."""
    random = np.random.default_rng(seed)
    sheet = random.normal(size=(count, 3)) * [1, 1, 0.01]
    return np.concatenate([sheet, random.normal(size=(count // 20, 3)) * 40]).astype(np.float32)


@pytest.mark.parametrize("which", ["half", "far", "scattered", "one", "all", "none"])
def test_the_nearest_is_marked_as_a_comparison_with_all_places_says(which):
    places, wanted = cloud(1500, 1), cloud(1500, 2)
    marks = {
        "half": places[:, 0] < 0.1,
        "far": np.abs(places).max(1) > 5,
        "scattered": np.arange(len(places)) % 50 == 0,
        "one": np.arange(len(places)) == 700,
        "all": np.ones(len(places), dtype=bool),
        "none": np.zeros(len(places), dtype=bool),
    }
    found = nearer.nearest_is_marked(wanted, places, marks[which])
    np.testing.assert_array_equal(found, compared_with_all(wanted, places, marks[which]))


@pytest.mark.parametrize("places", [np.zeros((1, 3)), np.repeat([[1, 2, 3]], 5, 0), np.eye(3)])
def test_places_may_coincide_or_be_few(places):
    wanted = cloud(50, 3)
    marked = np.array([tuple(place) != (0, 1, 0) for place in places])
    found = nearer.nearest_is_marked(wanted, places.astype(np.float32), marked)
    np.testing.assert_array_equal(found, compared_with_all(wanted, places.astype(np.float32), marked))


def test_places_in_the_middle_of_thousands_are_answered_without_the_tree(monkeypatch):
    asked = []
    plain = nearer._asked
    monkeypatch.setattr(nearer, "_asked", lambda wanted, *rest: asked.append(len(wanted)) or plain(wanted, *rest))
    places, wanted = cloud(20_000, 4)[:20_000], cloud(20_000, 5)[:20_000]
    nearer.nearest_is_marked(wanted, places, places[:, 0] < 0)
    assert asked[0] < len(wanted) / 4
