# SPDX-License-Identifier: GPL-3.0-or-later
"""Lens distortion: the formulas of COLMAP's camera models (its `sensor/models.h` documents them).

A model here has two focal lengths and a center beside its own parameters; COLMAP's simpler models are special cases.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

TINY = 1e-9  # radius below which a point counts as the center

# The parameters of each model in COLMAP's order, after fx fy cx cy.
PARAMETERS = {
    "OPENCV": ("k1", "k2", "p1", "p2"),
    "FULL_OPENCV": ("k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6"),
    "OPENCV_FISHEYE": ("k1", "k2", "k3", "k4"),
    "FOV": ("omega",),
    "THIN_PRISM_FISHEYE": ("k1", "k2", "p1", "p2", "k3", "k4", "sx1", "sy1"),
    "RAD_TAN_THIN_PRISM_FISHEYE": ("k0", "k1", "k2", "k3", "k4", "k5", "p0", "p1", "s0", "s1", "s2", "s3"),
    "DIVISION": ("k",),
    "EUCM": ("alpha", "beta"),
}


@dataclass(frozen=True)
class Distortion:
    """A model of `PARAMETERS` with its values."""

    model: str = "OPENCV"
    values: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0)

    def __str__(self) -> str:
        return f"{self.model} {', '.join(f'{value:.4g}' for value in self.values)}"

    @property
    def bends(self) -> bool:
        """Whether the lens distorts at all."""
        return self.model not in ("OPENCV", "FULL_OPENCV") or any(self.values)

    def __call__(
        self,
        rays: np.ndarray,  # [..., 2], x/z and y/z
    ) -> np.ndarray:
        """Distorted points of the image plane z = 1: [..., 2]; NaN where the model is undefined."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return FORMULAS[self.model](rays, self.values)


def _opencv(rays: np.ndarray, values: Sequence[float]) -> np.ndarray:
    """OpenCV's rational and tangential model; missing coefficients are 0."""
    k1, k2, p1, p2, k3, k4, k5, k6 = (*values, 0, 0, 0, 0)[:8]
    square = (rays**2).sum(-1, keepdims=True)
    radial = (1 + square * (k1 + square * (k2 + square * k3))) / (1 + square * (k4 + square * (k5 + square * k6)))
    return rays * radial + _tangential(rays, square, p2, p1)


def _tangential(rays: np.ndarray, square: np.ndarray, across: float, down: float) -> np.ndarray:
    """Tangential distortion, of a lens that is not parallel to the sensor, from its coefficients along x and y."""
    product = rays[..., :1] * rays[..., 1:]
    return np.array([across, down]) * (square + 2 * rays**2) + 2 * product * np.array([down, across])


def _equidistant(rays: np.ndarray) -> np.ndarray:
    """Rays with the angle from the axis as their length instead of its tangent."""
    radius = np.linalg.norm(rays, axis=-1, keepdims=True)
    return rays * np.where(radius > TINY, np.arctan(radius) / np.maximum(radius, TINY), 1)


def _opencv_fisheye(rays: np.ndarray, values: Sequence[float]) -> np.ndarray:
    k1, k2, k3, k4 = values
    bent = _equidistant(rays)
    square = (bent**2).sum(-1, keepdims=True)
    return bent * (1 + square * (k1 + square * (k2 + square * (k3 + square * k4))))


def _thin_prism_fisheye(rays: np.ndarray, values: Sequence[float]) -> np.ndarray:
    k1, k2, p1, p2, k3, k4, sx1, sy1 = values
    bent = _equidistant(rays)
    square = (bent**2).sum(-1, keepdims=True)
    radial = 1 + square * (k1 + square * (k2 + square * (k3 + square * k4)))
    return bent * radial + _tangential(bent, square, p2, p1) + square * np.array([sx1, sy1])


def _aria(rays: np.ndarray, values: Sequence[float]) -> np.ndarray:
    """Six radial, two tangential and four thin-prism coefficients; the latter two act on the result of the radial ones."""
    k0, k1, k2, k3, k4, k5, p0, p1, s0, s1, s2, s3 = values
    bent = _equidistant(rays)
    square = (bent**2).sum(-1, keepdims=True)
    radial = 1 + square * (k0 + square * (k1 + square * (k2 + square * (k3 + square * (k4 + square * k5)))))
    bent = bent * radial
    square = (bent**2).sum(-1, keepdims=True)
    prism = square * np.array([s0, s2]) + square**2 * np.array([s1, s3])
    return bent + _tangential(bent, square, p0, p1) + prism


def _fov(rays: np.ndarray, values: Sequence[float]) -> np.ndarray:
    (omega,) = values
    radius = np.linalg.norm(rays, axis=-1, keepdims=True)
    slope = 2 * np.tan(omega / 2)
    return rays * np.where(radius > TINY, np.arctan(radius * slope) / np.maximum(radius * omega, TINY), slope / omega)


def _division(rays: np.ndarray, values: Sequence[float]) -> np.ndarray:
    (k,) = values
    square = (rays**2).sum(-1, keepdims=True)
    return rays * 2 / (1 + np.sqrt(1 - 4 * k * square))


def _eucm(rays: np.ndarray, values: Sequence[float]) -> np.ndarray:
    alpha, beta = values
    return rays / (alpha * np.sqrt(beta * (rays**2).sum(-1, keepdims=True) + 1) + 1 - alpha)


PLAIN = Distortion()  # a lens without distortion
FORMULAS: dict[str, Callable[[np.ndarray, Sequence[float]], np.ndarray]] = {
    "OPENCV": _opencv,
    "FULL_OPENCV": _opencv,
    "OPENCV_FISHEYE": _opencv_fisheye,
    "FOV": _fov,
    "THIN_PRISM_FISHEYE": _thin_prism_fisheye,
    "RAD_TAN_THIN_PRISM_FISHEYE": _aria,
    "DIVISION": _division,
    "EUCM": _eucm,
}
