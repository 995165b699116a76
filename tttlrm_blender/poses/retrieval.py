# SPDX-License-Identifier: GPL-3.0-or-later
"""Image retrieval: which of many photos are worth matching because they look alike.

Each photo is described by the residuals of its features to the words of a vocabulary (VLAD: Jégou et al. 2010) that is
trained on the photos themselves. Only numpy is imported, because this runs beside pycolmap.
"""

from __future__ import annotations

import numpy as np

WORDS, SAMPLE, ROUNDS, SEED = 64, 20_000, 8, 0


def similar_pairs(descriptors: list[np.ndarray], count: int) -> set[tuple[int, int]]:
    """Pairs i < j of each photo and the `count` most similar ones, from their SIFT descriptors, [N, 128] uint8 each."""
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
    """RootSIFT of descriptors [N, 128]: dot products then compare histograms (Arandjelović and Zisserman 2012)."""
    values = descriptors.astype(np.float32)
    return np.sqrt(values / np.maximum(values.sum(1, keepdims=True), 1))


def vocabulary(details: np.ndarray) -> np.ndarray:
    """Words [W, 128], the k-means centers of a sample of the descriptors [N, 128]."""
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
    """The VLAD vector [W · 128] of a photo's descriptors [N, 128], of unit length: the normalized sum of residuals per word."""
    nearest = (details @ words.T - (words**2).sum(1) / 2).argmax(1) if len(details) else np.zeros(0, int)
    sums = np.zeros_like(words)
    np.add.at(sums, nearest, details - words[nearest])
    sums /= np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
    return sums.ravel() / max(float(np.linalg.norm(sums)), 1e-9)
