# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration of the network, and of how its fast weights learn."""

from __future__ import annotations

from dataclasses import dataclass

# The smallest and the largest value of the numbers of a network; files may claim others.
RANGES = {
    **{"dim": (1, 1 << 16), "head_dim": (1, 1 << 16), "layers": (1, 1 << 12), "patch_size": (1, 256), "expansion": (1, 256)},
    **{"sh_degree": (0, 3), "muon_steps": (0, 100), "near": (0, 1e9), "far": (0, 1e9), "most_views": (1, 1 << 20)},
    "hypotheses": (0, 1 << 12),
}
DEPTH_RANGES = ("linear", "near_far", "log")


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

    def impossible(self) -> str:
        """The name of a field whose value no network has, or an empty string."""
        for name, (least, most) in RANGES.items():
            value, kinds = getattr(self, name), (int, float) if name in ("near", "far") else (int,)
            if type(value) not in kinds or not least <= value <= most:
                return name
        if self.depth_range not in DEPTH_RANGES or type(self.anchored) is not bool:
            return "depth_range" if self.depth_range not in DEPTH_RANGES else "anchored"
        in_ratios = self.depth_range == "log" or self.hypotheses > 0
        if self.far <= self.near or (in_ratios and self.near == 0):
            return "near"
        return "head_dim" if self.dim % self.head_dim else ""


@dataclass(frozen=True)
class Elastic:
    """The elastic update: unimportant weights are pulled back to a slowly moving anchor."""

    strength: float = 0.05  # λ
    fisher_decay: float = 0.5  # α
    anchor_decay: float = 0.8  # β
