# SPDX-License-Identifier: GPL-3.0-or-later
"""Similarities (scale, rotation and translation), and the normalized frame that the network works in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .cameras import Cameras

TINY = 1e-6  # averaged directions shorter than this are meaningless


@dataclass(frozen=True)
class Similarity:
    """Maps a world point x to scale · rotation @ x + translation."""

    scale: float
    rotation: np.ndarray  # [3, 3] float64
    translation: np.ndarray  # [3] float64

    def points(self, points: np.ndarray) -> np.ndarray:
        """Mapped points, [..., 3]."""
        return self.scale * points @ self.rotation.T + self.translation

    def cameras(self, cameras: Cameras) -> Cameras:
        """The cameras in the mapped world: they see the mapped scene as they saw the original."""
        c2w = cameras.c2w.copy()
        c2w[:, :3, :3] = self.rotation @ c2w[:, :3, :3]
        c2w[:, :3, 3] = self.points(c2w[:, :3, 3])
        return Cameras(c2w, cameras.intrinsics, cameras.sizes)

    def inverse(self) -> Similarity:
        """The inverse map."""
        rotation = self.rotation.T
        return Similarity(1 / self.scale, rotation, -(rotation @ self.translation) / self.scale)


def normalize(cameras: Cameras, reference: str = "mean") -> tuple[Cameras, Similarity]:
    """The cameras in the network's frame, and the similarity that maps the world to it.

    Poses become relative to the mean camera (`reference` "mean", for one pass over all views) or to the first camera
    ("first", for autoregressive scans); then positions are divided by the largest absolute coordinate (tttLRM, section 4).
    """
    frame = cameras.c2w[0] if reference == "first" else mean_camera(cameras.c2w)
    rotation = frame[:3, :3].T
    reach = float(np.abs((cameras.c2w[:, :3, 3] - frame[:3, 3]) @ frame[:3, :3]).max())
    scale = 1 / reach if reach > TINY else 1.0
    similarity = Similarity(scale, rotation, -scale * rotation @ frame[:3, 3])
    return similarity.cameras(cameras), similarity


def mean_camera(
    c2w: np.ndarray,  # [V, 4, 4]
) -> np.ndarray:
    """The average camera [4, 4]: mean position, mean forward axis, and right and down axes square to it.

    right = down × forward and down = forward × right, from the averaged directions. Where the averages vanish (for cameras all
    around an object, say), the rotation is that of the first camera.
    """
    forward, down = c2w[:, :3, 2].mean(0), c2w[:, :3, 1].mean(0)
    right = np.cross(down, forward)
    frame = np.eye(4)
    frame[:3, 3] = c2w[:, :3, 3].mean(0)
    if min(np.linalg.norm(forward), np.linalg.norm(right)) < TINY:
        frame[:3, :3] = c2w[0, :3, :3]
        return frame
    forward, right = forward / np.linalg.norm(forward), right / np.linalg.norm(right)
    frame[:3, :3] = np.stack([right, np.cross(forward, right), forward], axis=1)
    return frame
