# SPDX-License-Identifier: GPL-3.0-or-later
"""Which photos of many are worth matching: those whose details look alike on the whole.

Each photo is summed up by how its details lie about the words of a vocabulary (VLAD: Jégou et al. 2010), which is made
from the photos themselves. Nothing but numpy is imported: this runs beside pycolmap.
"""

from __future__ import annotations

import numpy as np

WORDS, SAMPLE, ROUNDS, SEED = 64, 20_000, 8, 0


def similar_pairs(descriptors: list[np.ndarray], count: int) -> set[tuple[int, int]]:
    """Pairs i < j of photos, each with the `count` that are most like it, from their details, [N, 128] uint8 each."""
    if not any(len(each) for each in descriptors):
        return set()
    roots = [root_sift(each) for each in descriptors]
    words = vocabulary(np.concatenate(roots))
    summaries = np.stack([summary(each, words) for each in roots])
    alike = summaries @ summaries.T
    np.fill_diagonal(alike, -np.inf)
    best = alike.argsort(axis=1)[:, ::-1][:, : min(count, len(descriptors) - 1)]
    return {(min(first, int(second)), max(first, int(second))) for first, row in enumerate(best) for second in row}


def root_sift(descriptors: np.ndarray) -> np.ndarray:
    """The roots of details [N, 128] whose sum is 1: their products compare histograms (Arandjelović and Zisserman 2012)."""
    values = descriptors.astype(np.float32)
    return np.sqrt(values / np.maximum(values.sum(1, keepdims=True), 1))


def vocabulary(details: np.ndarray) -> np.ndarray:
    """Words [W, 128] that details [N, 128] gather about, by k-means over some of them."""
    random = np.random.default_rng(SEED)
    sample = details[random.permutation(len(details))[:SAMPLE]]
    words = sample[random.permutation(len(sample))[:WORDS]].copy()
    for _ in range(ROUNDS):
        nearest = (sample @ words.T - (words**2).sum(1) / 2).argmax(1)
        sums = np.zeros_like(words)
        np.add.at(sums, nearest, sample)
        counts = np.bincount(nearest, minlength=len(words))[:, None]
        words = np.where(counts > 0, sums / np.maximum(counts, 1), words)
    return words


def summary(details: np.ndarray, words: np.ndarray) -> np.ndarray:
    """One unit vector [W · 128] for the details [N, 128] of a photo: per word the direction in which they lie off it."""
    nearest = (details @ words.T - (words**2).sum(1) / 2).argmax(1) if len(details) else np.zeros(0, int)
    sums = np.zeros_like(words)
    np.add.at(sums, nearest, details - words[nearest])
    sums /= np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
    return sums.ravel() / max(float(np.linalg.norm(sums)), 1e-9)
