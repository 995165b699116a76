# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration of the network, and of how its fast weights learn."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Config:
    """Sizes of the network. The defaults are those of the released checkpoints."""

    dim: int = 768  # width D of a token
    head_dim: int = 64  # of the attention heads
    layers: int = 24
    patch_size: int = 8  # side p of a patch in pixels
    expansion: int = 4  # hidden width of the fast weights and of the mlp, in multiples of D
    sh_degree: int = 3
    muon_steps: int = 5  # Newton-Schulz iterations per update
    depth_range: str = "linear"  # "linear": 0 to far; "near_far": near to far; "log": near to far in equal ratios
    near: float = 0.0  # in normalized units, in which the largest camera coordinate is 1
    far: float = 500.0
    most_views: int = 64  # that the checkpoint handles well at once
    anchored: bool = False  # color, size and opacity are predicted relative to an opaque copy of the pixel
    hypotheses: int = 0  # of the plane sweep, distances in equal ratios from near to far; 0 for no plane sweep

    @property
    def channels(self) -> int:
        """Numbers per pixel: position 3, SH (degree + 1)² × 3, scale 3, rotation 4, opacity 1."""
        return 11 + 3 * (self.sh_degree + 1) ** 2


@dataclass(frozen=True)
class Elastic:
    """The elastic update: unimportant weights are pulled back to a slowly moving anchor."""

    strength: float = 0.05  # λ
    fisher_decay: float = 0.5  # α
    anchor_decay: float = 0.8  # β
