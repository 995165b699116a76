# SPDX-License-Identifier: GPL-3.0-or-later
"""Floaters and fog against plain twins, and on scenes where it is known what is which."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components

from tttlrm_blender.gaussians import clean

seeds = st.integers(0, 10_000)
NOBODY = np.zeros((0, 3))


def cloud(seed: int, count: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Centers around some places, and sizes."""
    chance = np.random.default_rng(seed)
    means = chance.normal(size=(5, 3))[chance.integers(0, 5, count)] * 3 + chance.normal(size=(count, 3)) * 0.3
    return means.astype(np.float32), np.exp(chance.normal(-3, 0.7, (count, 3))).astype(np.float32)


def sheet(side: int, spacing: float, height: float = 0.0, size: float = 0.6) -> tuple[np.ndarray, np.ndarray]:
    """Flat splats on a square grid, `size` times the spacing wide."""
    x, y = np.meshgrid(np.arange(side) - side / 2, np.arange(side) - side / 2)
    means = np.stack([x.ravel() * spacing, y.ravel() * spacing, np.full(side**2, height)], 1).astype(np.float32)
    return means, np.tile(np.float32([size * spacing, size * spacing, 0.01 * spacing]), (side**2, 1))


def opaque(means: np.ndarray) -> np.ndarray:
    return np.ones(len(means), dtype=np.float32)


def together(*parts: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate([means for means, _ in parts]), np.concatenate([scales for _, scales in parts])


def curve_by_bits(means: np.ndarray, shift: float) -> list[int]:
    """A Morton curve with the bits put together one by one."""
    center = np.median(means.astype(np.float64), axis=0)
    reach = clean.REACH * np.median(np.linalg.norm(means - center, axis=1))
    codes = []
    for mean in means:
        cells = [int((min(max(float(v), -1), 1) + 1 + 2 * shift) * ((1 << clean.BITS) - 1) / 4) for v in (mean - center) / reach]
        codes.append(sum((cells[axis] >> bit & 1) << 3 * bit + axis for bit in range(clean.BITS) for axis in range(3)))
    return sorted(range(len(means)), key=lambda number: codes[number])


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_curves_are_those_of_single_bits(seed):
    means, _ = cloud(seed, 50)
    for order, shift in zip(clean._curves(means), clean.SHIFTS, strict=True):
        assert order.tolist() == curve_by_bits(means, shift)


@settings(max_examples=20, deadline=None)
@given(seeds, st.floats(0.3, 4))
def test_groups_are_those_of_a_plain_search_along_the_curves(seed, factor):
    means, scales = cloud(seed)
    radii, links = clean.middle(scales) * np.float32(factor), np.zeros((len(means), len(means)), dtype=bool)
    for order in clean._curves(means):
        for place, first in enumerate(order):
            for second in order[place + 1 : place + 1 + clean.STEPS]:
                links[first, second] = np.sum((means[first] - means[second]) ** 2) <= (radii[first] + radii[second]) ** 2
    _, label = connected_components(links, directed=False)
    first = np.array([np.flatnonzero(label == own)[0] for own in label])
    np.testing.assert_array_equal(clean.groups(means, radii), first)


@settings(max_examples=20, deadline=None)
@given(seeds, st.floats(0.2, 1))
def test_fog_is_faint_and_large_among_its_neighbors_or_near_and_large(seed, strength):
    means, scales = cloud(seed)
    chance = np.random.default_rng(seed)
    opacities, eyes = chance.random(len(means)).astype(np.float32) * 0.2, chance.normal(size=(3, 3))
    order, sizes = list(next(clean._curves(means))), np.sort(scales, axis=1)[:, 1]
    distances = np.linalg.norm(means[:, None] - eyes, axis=2).min(axis=1)
    for number, found in enumerate(clean.fog(means, scales, opacities, eyes, strength)):
        place = order.index(number)
        around = order[max(place - clean.WINDOW, 0) : place + clean.WINDOW + 1]
        ratio = sizes[number] / (clean.LARGE * np.exp(np.log(sizes[around]).mean()))
        veil = sizes[number] > clean.VEIL * distances[number]
        near = distances[number] < clean.NEAR * strength * np.median(distances)
        if abs(ratio - 1) > 1e-3:
            assert found == ((opacities[number] < clean.FAINT * strength**2 and ratio > 1) or (veil and near))


@pytest.mark.parametrize("scale", [0.01, 1.0, 1000.0])
def test_what_hangs_in_the_air_is_a_floater_whatever_the_scale_of_the_scene(scale):
    ground, blob, lone = sheet(60, 0.1), sheet(4, 0.1, height=3), sheet(1, 0.1, height=-2)
    means, scales = together(ground, blob, lone)
    found = clean.floaters(means * np.float32(scale), scales * np.float32(scale), opaque(means), 0.5)
    assert np.flatnonzero(found).tolist() == list(range(3600, 3617))


def test_what_hardly_can_be_seen_holds_nothing_together():
    bridge = np.float32([[0, 0, step / 10] for step in range(1, 10)]), np.full((9, 3), 0.1, np.float32)
    means, scales = together(sheet(60, 0.1), sheet(4, 0.1, height=1), bridge)
    opacities = opaque(means)
    assert not clean.floaters(means, scales, opacities, 0.5).any()
    opacities[-9:] = 0.01
    assert clean.floaters(means, scales, opacities, 0.5)[3600:3616].all()


def test_sparse_surroundings_of_large_splats_are_no_floaters():
    means, scales = together(sheet(60, 0.1), sheet(6, 20.0, height=100))
    assert not clean.floaters(means, scales, opaque(means), 0.5).any()


@settings(max_examples=20, deadline=None)
@given(seeds, st.floats(0.1, 0.9))
def test_the_stricter_the_fewer_stay(seed, strict):
    means, scales = cloud(seed, 3000)
    found = [clean.floaters(means, scales, opaque(means), each) for each in (strict, strict + 0.1)]
    assert not (found[0] & ~found[1]).any()
    opacities = np.random.default_rng(seed).random(3000)
    found = [clean.fog(means, scales, opacities, means[:3], each) for each in (strict, strict + 0.1)]
    assert not (found[0] & ~found[1]).any()


def test_a_veil_before_a_camera_is_fog_however_opaque_and_a_near_surface_is_none():
    veil, speck = (
        (np.float32([[0, 0, 4.9]]), np.float32([[0.5, 0.5, 0.1]])),
        (np.float32([[0.3, 0, 4.8]]), np.float32([[0.01] * 3])),
    )
    means, scales = together(sheet(40, 0.1), veil, speck)
    opacities, eyes = np.full(len(means), 0.9), np.array([[0.0, 0, 5]])
    assert np.flatnonzero(clean.fog(means, scales, opacities, eyes, 0.5)).tolist() == [1600]
    assert not clean.fog(means, scales, opacities, NOBODY, 0.5).any(), "without cameras nothing is known to be near them"


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_few_splats_stay(count):
    means, scales = cloud(0, count)
    assert not clean.floaters(means, scales, opaque(means), 1.0).any() or count > 1
    assert not clean.fog(means, scales, np.ones(count), NOBODY, 1.0).any()
    assert not clean.floaters(np.zeros((count, 3), np.float32), scales, opaque(means), 1.0).any()
