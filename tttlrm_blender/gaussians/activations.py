# SPDX-License-Identifier: GPL-3.0-or-later
"""Scales as logarithms, opacities before the sigmoid and colors as coefficients, as files have them, and back.

Between float32 values, but reckoned in float64: then a value that was read gives, when it is written and read again, the
same bits.
"""

from __future__ import annotations

import numpy as np

from .gaussians import SH_DC

LARGEST_LOGIT = 110.0  # beyond it float32 opacities are 0 or 1
LOWEST_LOG = -110.0  # below it float32 scales are 0


def to_scales(
    logs: np.ndarray,  # [...]
) -> np.ndarray:  # [...] float32
    """Standard deviations of their logarithms."""
    return np.exp(logs.astype(np.float64)).astype(np.float32)


def to_logs(
    scales: np.ndarray,  # [...], not negative
) -> np.ndarray:  # [...] float32
    """Logarithms of standard deviations."""
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(scales.astype(np.float64)), LOWEST_LOG).astype(np.float32)


def to_opacities(
    logits: np.ndarray,  # [...]
) -> np.ndarray:  # [...] float32, 0 to 1
    """Sigmoids."""
    return (1 / (1 + np.exp(-logits.astype(np.float64)))).astype(np.float32)


def to_logits(
    opacities: np.ndarray,  # [...], 0 to 1
) -> np.ndarray:  # [...] float32
    """The inverse of the sigmoid."""
    opacities = np.clip(opacities.astype(np.float64), 0, 1)
    with np.errstate(divide="ignore"):
        logits = np.log(opacities) - np.log1p(-opacities)
    return np.clip(logits, -LARGEST_LOGIT, LARGEST_LOGIT).astype(np.float32)


def to_bytes(
    values: np.ndarray,  # [...], 0 to 255
) -> np.ndarray:  # [...] uint8
    """The nearest whole numbers."""
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def to_base_sh(
    colors: np.ndarray,  # [...], sRGB, 0 to 1
) -> np.ndarray:  # [...] float32
    """The constant coefficients of colors."""
    return ((colors - 0.5) / SH_DC).astype(np.float32)


def to_colors(
    base: np.ndarray,  # [...], constant coefficients
) -> np.ndarray:  # [...] float32, sRGB
    """The colors of constant coefficients."""
    return (base * SH_DC + 0.5).astype(np.float32)
