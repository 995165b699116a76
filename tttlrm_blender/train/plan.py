# SPDX-License-Identifier: GPL-3.0-or-later
"""What a training run does, and when: its stages (paper, section 4), sizes of pictures and weights of the losses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..model.config import Config

SMALL_NETWORK = Config(
    dim=128,
    layers=4,
    expansion=2,
    sh_degree=0,
    depth_range="log",
    near=0.25,
    far=32.0,
    most_views=16,
    anchored=True,
    hypotheses=64,
)
# Newton-Schulz costs a CPU the cube of the width for every layer and scene, whatever the number of tokens: the small network
# learns something there. The large one is as large as a file of 16 MiB allows, for GPUs.
NETWORKS = {"small": SMALL_NETWORK, "large": replace(SMALL_NETWORK, dim=256, layers=6)}

HELD_OUT = 2**31 - 1  # the seed of scenes kept for measuring
UNSEEN = 4  # views of them that are measured
# View synthesis predicts pixels of target views from their rays; depth needs no rasteriser; splats are judged by
# rendered views; in the last stage every other step lets the network read the views in chunks.
STAGES = ("views", "depth", "splats", "chunks")
DEPTH_TERMS = {"choice": 1.0, "depth": 1.0, "shape": 0.5, "trust": 0.1}
SPLAT_TERMS = {"color": 20.0, "likeness": 1.0, "choice": 0.5, "depth": 0.5, "shape": 0.01, "opacity": 0.01, "perceptual": 0.5}
TERMS = {"views": {"color": 1.0, "likeness": 0.2}, "depth": DEPTH_TERMS, "splats": SPLAT_TERMS, "chunks": SPLAT_TERMS}
Sizes = tuple[tuple[int, int], ...]  # width and height of the pictures of a step, to choose from
SMALL: Sizes = ((64, 64),) * 3 + ((80, 48), (48, 80))
MIDDLE: Sizes = ((64, 64), (96, 96), (96, 96), (128, 72), (72, 128))
LARGE: Sizes = ((96, 96), (128, 128), (128, 128), (160, 96), (96, 160))


@dataclass(frozen=True)
class Plan:
    """Everything but the budget that decides what a run learns."""

    seed: int = 0  # below `HELD_OUT`
    start: str = ""  # checkpoint whose weights the run begins with; empty for random ones of the given configuration
    stages: Mapping[str, float] = field(default_factory=lambda: {"depth": 0.3, "splats": 0.55, "chunks": 0.15})  # shares
    tokens: int = 1024  # of all scenes of a step together, about
    min_views: int = 2
    max_views: int = 16
    others: int = 3  # views rendered beside one of the inputs
    curriculum: tuple[tuple[float, Sizes], ...] = ((0.5, SMALL), (0.85, MIDDLE), (1.0, LARGE))  # up to which share of the budget
    views_per_update: int = 4  # in chunks
    rate: float = 2e-3  # of AdamW, at its highest
    warmup: int = 50  # steps
    decay: float = 0.05  # of matrices
    clip: float = 1.0  # of the gradient's norm
    absurd: float = 5.0  # steps with a larger gradient are skipped
    average: float = 0.998  # of the weights that are kept in the end
    bfloat16: bool = False  # faster where the processor multiplies it
    perceptual: str = ""  # file of VGG16 features; empty for none

    def stage(self, spent: float) -> str:
        """The stage at a share of the budget, 0 to 1."""
        whole, done = sum(self.stages.values()), 0.0
        for name in STAGES:
            done += self.stages.get(name, 0.0) / whole
            if spent < done:
                return name
        return max(self.stages, key=STAGES.index)

    def sizes(self, spent: float) -> Sizes:
        """The sizes to choose from at a share of the budget."""
        return next((sizes for until, sizes in self.curriculum if spent < until), self.curriculum[-1][1])


@dataclass(frozen=True)
class Budget:
    """How long a run lasts in all, earlier sittings included: whichever of the two ends first; 0 for no limit."""

    steps: int = 0
    seconds: float = 0.0

    def spent(self, steps: int, seconds: float) -> float:
        """The share used up, 0 to 1."""
        shares = [done / limit for done, limit in ((steps, self.steps), (seconds, self.seconds)) if limit]
        return min(1.0, max(shares, default=1.0))
