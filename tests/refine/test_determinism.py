# SPDX-License-Identifier: GPL-3.0-or-later
"""With a budget of steps or passes, refinement gives the same splats bit for bit, on any number of threads, at any hour."""

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
import torch

from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.photos.light import measured_light
from tttlrm_blender.photos.load import PhotoSet
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import RefineSettings
from tttlrm_blender.refine.optimize import refine
from tttlrm_blender.refine.start import splats_from_points

MANY = 40_001  # splats whose arrays torch shares out over its threads, in parts that fill no vector registers
EVERYTHING = RefineSettings(steps=8, start="both", exposure=True, poses=True, sky=True, surface=True, sh_degree=2)


@contextmanager
def on_threads(count: int) -> Iterator[None]:
    """Torch with so many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@pytest.fixture(scope="module")
def start(points) -> Gaussians:
    """Many splats that are not quite where they should be."""
    rows = np.arange(MANY) % len(points)
    splats = splats_from_points(points)[rows]
    noise = np.random.default_rng(5).normal(0, 0.1, splats.means.shape)
    return replace(splats, means=(splats.means + noise).astype(np.float32), scales=splats.scales * 0.3)


@pytest.fixture(scope="module")
def many(photos) -> PhotoSet:
    """Two dozen photos of different exposures, some of whose pixels do not count."""
    photos = photos[np.arange(24) % len(photos)]
    exposures = np.random.default_rng(0).uniform(0.5, 1.5, (24, 1, 1, 1)).astype(np.float32)
    photos = replace(photos, images=(photos.images * exposures).clip(0, 1))
    weights = np.ones(photos.images.shape[:3], np.float32)
    weights[:, :4] = 0
    return replace(photos, weights=weights)


def test_the_photos_differ_in_their_light(many, points) -> None:
    assert measured_light(many, points.means).differs


def same(first: Gaussians, second: Gaussians) -> bool:
    """Whether splats are the same to the last bit."""
    pairs = zip(first.arrays().values(), second.arrays().values(), strict=True)
    return all(np.array_equal(one, other) for one, other in pairs)


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        RefineSettings(steps=8),
        RefineSettings(passes=1),
        replace(EVERYTHING, densify="split"),
        replace(EVERYTHING, densify="mcmc"),
    ],
    ids=["steps", "passes", "split", "mcmc"],
)
def test_threads_do_not_change_the_splats(start, many, points, settings: RefineSettings) -> None:
    results = []
    for threads in (1, 2):
        with on_threads(threads):
            results.append(refine(start, many, settings, Report(), points))
    assert not same(results[0], start) and all(same(result, results[0]) for result in results[1:])


@pytest.mark.slow
def test_the_clock_does_not_change_the_splats(start, many, points, monkeypatch: pytest.MonkeyPatch) -> None:
    calm = refine(start, many, EVERYTHING, Report(), points)
    hours = itertools.count(0, 3600)
    for name in ("time", "monotonic", "perf_counter"):
        monkeypatch.setattr(time, name, lambda: float(next(hours)))
    busy = refine(start, many, EVERYTHING, Report(), points)
    assert next(hours) > 3600, "previews look at the clock"
    assert same(busy, calm)


def test_refinement_that_goes_on_is_the_same_on_any_number_of_threads(start, many) -> None:
    results = []
    for threads in (1, 2):
        with on_threads(threads):
            results.append(refine(start, many, RefineSettings(steps=8), Report(), None, refined=True))
    assert not same(results[0], start) and same(*results)
