# SPDX-License-Identifier: GPL-3.0-or-later
"""Streaming scans, chunk by chunk, and the looks in between."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.worker.photo_folder import CONFIG
from tttlrm_blender.model.memory import VIEWS_PER_UPDATE, SceneMemory, encode, inference_rule, read_splats
from tttlrm_blender.model.network import TttLRM
from tttlrm_blender.model.stream import LOOK_VIEWS, extend, glance, half_size, spread

VIEWS, SIDE = 12, 16
MATCHING = replace(CONFIG, hypotheses=8)


def network(config) -> TttLRM:
    torch.manual_seed(0)
    return TttLRM(config).eval()


@pytest.fixture
def views() -> list[np.ndarray]:
    """Images, poses and intrinsics of views in a row."""
    random = np.random.default_rng(0)
    c2w = np.tile(np.eye(4, dtype=np.float32), (VIEWS, 1, 1))
    c2w[:, 0, 3] = np.linspace(-0.5, 0.5, VIEWS)
    images = random.random((VIEWS, SIDE, SIDE, 3), np.float32)
    return [images, c2w, np.tile(np.array([16, 16, 8, 8], np.float32), (VIEWS, 1))]


def some(views: list[np.ndarray], start: int, stop: int) -> list[np.ndarray]:
    return [array[start:stop] for array in views]


def same(first: SceneMemory, second: SceneMemory) -> bool:
    pairs = [
        (a, b) for one, other in zip(first.weights, second.weights, strict=True) for a, b in zip(one.w, other.w, strict=True)
    ]
    return all(torch.allclose(a, b, atol=1e-5) for a, b in [*pairs, (first.tokens, second.tokens)])


@pytest.mark.parametrize("elastic", [False, True])
def test_extending_at_once_is_extending_chunk_by_chunk(views, elastic):
    model = network(CONFIG)
    start = encode(model, *some(views, 0, 4), VIEWS_PER_UPDATE, elastic)
    at_once = extend(model, start, *some(views, 4, 12))
    in_turn = extend(model, extend(model, start, *some(views, 4, 8)), *some(views, 8, 12))
    assert same(at_once, in_turn)
    assert (at_once.weights[0].fisher is not None) == elastic


@pytest.mark.parametrize("elastic", [False, True])
def test_networks_with_a_plane_sweep_learn_the_same_from_chunks(views, elastic):
    model = network(MATCHING)
    chunked = encode(model, *views, VIEWS_PER_UPDATE, elastic)
    assert same(chunked, encode(model, *views)) and chunked.weights[0].fisher is None


def test_extending_follows_the_algorithm_of_the_paper(views):
    model, rule = network(CONFIG), inference_rule(torch.device("cpu"), 4096)
    found = extend(model, encode(model, *some(views, 0, 4)), *some(views, 4, 8))
    batch = [torch.as_tensor(array[None, :8]) for array in views]
    with torch.no_grad():
        tokens = model.tokenize(*batch)
        view, state = model.view_tokens(SIDE, SIDE), None
        for first in (0, 4):
            part = tokens[:, first * view : (first + 4) * view].clone()
            _, state = model.scan(part, view, [slice(0, part.shape[1])], rule, state)
        tokens, _ = model.scan(tokens, view, [], rule, state)
    for weights, expected in zip(found.weights, state, strict=True):
        assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(weights.w, expected.w, strict=True))
    assert torch.allclose(found.tokens, tokens[0], atol=1e-5)


@pytest.mark.parametrize("config", [CONFIG, MATCHING], ids=["plain", "matching"])
def test_all_views_are_query_views_afterwards_and_the_memory_before_stays(views, config):
    model = network(config)
    before = encode(model, *some(views, 0, 4))
    weights = [tensor.clone() for tensor in before.weights[0].w]
    after = extend(model, before, *some(views, 4, 10))
    assert len(after.c2w) == 10 and len(after.tokens) == 10 * model.view_tokens(SIDE, SIDE)
    behind = len(after.backdrop(config, 1)) if after.guess else 0
    assert len(read_splats(model, after, keep=1.0)) == 10 * SIDE * SIDE + behind
    assert all(torch.equal(a, b) for a, b in zip(before.weights[0].w, weights, strict=True))
    assert not torch.equal(before.weights[0].w[0], after.weights[0].w[0])


@pytest.mark.parametrize("config", [CONFIG, MATCHING], ids=["plain", "matching"])
def test_a_look_is_the_memory_of_the_chunks_so_far(views, config):
    """Except that networks with a plane sweep match photos with all others beforehand, including later chunks."""
    model, looks = network(config), []
    start = encode(model, *some(views, 0, 4))
    whole = extend(model, start, *some(views, 4, 12), on_chunk=lambda look: looks.append(look()))
    assert [len(look.c2w) for look in looks] == [8, LOOK_VIEWS]
    if config is CONFIG:
        assert same(looks[0], extend(model, start, *some(views, 4, 8)))
    assert same(looks[1], whole.of_views(spread(12, LOOK_VIEWS)))


@pytest.mark.parametrize("config", [CONFIG, MATCHING], ids=["plain", "matching"])
def test_looks_change_nothing(views, config):
    model = network(config)
    start = encode(model, *some(views, 0, 4))
    plain = extend(model, start, *some(views, 4, 12))
    seen = extend(model, start, *some(views, 4, 12), on_chunk=lambda look: (look(), look()))
    assert torch.equal(plain.tokens, seen.tokens)
    for one, other in zip(plain.weights, seen.weights, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one.w, other.w, strict=True))


def test_a_glance_reads_views_of_half_the_size(views):
    model, looks, shares = network(CONFIG), [], []
    images, c2w, intrinsics = some(views, 0, 10)
    glance(model, images, c2w, intrinsics, on_progress=shares.append, on_chunk=lambda look: looks.append(look()))
    assert [len(look.c2w) for look in looks] == [4, 8, LOOK_VIEWS]
    assert all(look.images.shape[1:3] == (SIDE // 2, SIDE // 2) for look in looks)
    small, halved = half_size(images, intrinsics, CONFIG.patch_size)
    assert same(looks[0], encode(model, small[:4], c2w[:4], halved[:4]))
    assert shares == sorted(shares) and shares[0] == 0 and max(shares) <= 1


@pytest.mark.parametrize("elastic", [False, True])
def test_a_glance_learns_as_the_scan_will(views, elastic):
    looks = []
    glance(network(CONFIG), *some(views, 0, 4), elastic, on_chunk=lambda look: looks.append(look()))
    assert (looks[0].weights[0].fisher is not None) == elastic


def test_half_the_size_shows_the_same_rays():
    """A pixel at half the size covers four at full size, with the same center."""
    images = np.random.default_rng(0).random((2, 48, 41, 3), np.float32)
    small, halved = half_size(images, np.array([[30, 31, 20.5, 24]] * 2), patch=8)
    assert small.shape == (2, 24, 16, 3) and (halved == [15, 15.5, 10.25, 12]).all()
    np.testing.assert_allclose(small[1, 3, 5], images[1, 6:8, 10:12].mean((0, 1)), rtol=1e-6)
    tiny = images[:, :15]
    assert half_size(tiny, halved, patch=8)[0] is tiny


@pytest.mark.parametrize(("count", "numbers"), [(1, [0]), (3, [0, 1, 2]), (9, [0, 1, 2, 3, 5, 6, 7, 8]), (100, None)])
def test_looks_are_spread(count, numbers):
    found = spread(count, 8)
    assert len(set(found)) == min(count, 8) and found[0] == 0 and found[-1] == count - 1
    assert numbers is None or found == numbers
