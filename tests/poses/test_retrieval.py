# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos of the same things are found to be similar, in any order."""

import numpy as np

from tttlrm_blender.poses.retrieval import WORDS, root_sift, similar_pairs, summary, vocabulary


def photos_of_scenes(scenes: int, views: int, seed: int = 0) -> list[np.ndarray]:
    """Descriptors [N, 128] of photos, scene by scene: half of the scene's, slightly changed, and some of their own each."""
    chance = np.random.default_rng(seed)
    photos = []
    for _ in range(scenes):
        scene = chance.gamma(0.5, 30, (120, 128))
        for _ in range(views):
            seen = scene[chance.permutation(120)[:60]]
            own = chance.gamma(0.5, 30, (20, 128))
            photos.append(np.concatenate([seen + chance.normal(0, 4, seen.shape), own]).clip(0, 255).astype(np.uint8))
    return photos


def test_photos_of_one_scene_are_alike() -> None:
    pairs = similar_pairs(photos_of_scenes(scenes=5, views=6), 3)
    assert np.mean([first // 6 == second // 6 for first, second in pairs]) > 0.95
    assert {photo for pair in pairs for photo in pair} == set(range(30))
    assert all(first < second for first, second in pairs)


def test_few_photos_are_all_paired() -> None:
    assert similar_pairs(photos_of_scenes(1, 3), 20) == {(0, 1), (0, 2), (1, 2)}


def test_photos_without_features_are_harmless() -> None:
    photos = photos_of_scenes(1, 3)
    assert len(similar_pairs([*photos, np.empty((0, 128), np.uint8)], 2)) >= 3
    assert similar_pairs([np.empty((0, 128), np.uint8)] * 3, 1) == set()


def test_summaries_have_unit_length() -> None:
    details = root_sift(photos_of_scenes(1, 1)[0])
    np.testing.assert_allclose((details**2).sum(1), 1, rtol=1e-5)
    words = vocabulary(details)
    assert words.shape == (min(WORDS, len(details)), 128)
    np.testing.assert_allclose(np.linalg.norm(summary(details, words)), 1, rtol=1e-5)
