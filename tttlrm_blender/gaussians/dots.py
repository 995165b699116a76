# SPDX-License-Identifier: GPL-3.0-or-later
"""Points as small splats, to be seen before there are others."""

from __future__ import annotations

import numpy as np

from .gaussians import SH_DC, Gaussians, allocate

SIZE = 0.003  # of a dot, as a share of the distance of most points from their middle


def dots(
    means: np.ndarray,  # [N, 3]
    colors: np.ndarray,  # [N, 3] sRGB, 0 to 1
) -> Gaussians[np.ndarray]:
    """Round, opaque splats of one size."""
    splats = allocate(len(means), 0)
    away = np.linalg.norm(means - np.median(means, axis=0), axis=1) if len(means) else np.ones(1)
    splats.means[:], splats.scales[:] = means, max(SIZE * float(np.median(away)), 1e-6)
    splats.quats[:], splats.opacities[:] = (1, 0, 0, 0), 0.95
    splats.sh[:, 0] = (colors - 0.5) / SH_DC
    return splats
