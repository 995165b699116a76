# SPDX-License-Identifier: GPL-3.0-or-later
"""The schedule of a training run: its stages (section 4 of the paper), sizes of pictures and weights of the losses."""

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
# Newton-Schulz takes time cubic in the width for every layer and scene, whatever the number of tokens, so the small network
# suits CPUs. The large one, for GPUs, is as large as a file of 16 MiB allows.
NETWORKS = {"small": SMALL_NETWORK, "large": replace(SMALL_NETWORK, dim=256, layers=6)}

HELD_OUT = 2**31 - 1  # the seed of the held-out scenes
UNSEEN = 4  # evaluated views of each of them
# "views" predicts pixels of target views from their rays; "depth" needs no rasterizer; "splats" compares rendered views;
# "chunks" does too, and in every other step the network reads the views in chunks.
STAGES = ("views", "depth", "splats", "chunks")
DEPTH_TERMS = {"choice": 1.0, "depth": 1.0, "shape": 0.5, "trust": 0.1}
SPLAT_TERMS = {"color": 20.0, "likeness": 1.0, "choice": 0.5, "depth": 0.5, "shape": 0.01, "opacity": 0.01, "perceptual": 0.5}
TERMS = {"views": {"color": 1.0, "likeness": 0.2}, "depth": DEPTH_TERMS, "splats": SPLAT_TERMS, "chunks": SPLAT_TERMS}
Sizes = tuple[tuple[int, int], ...]  # width and height of the pictures of a step, to choose from
SMALL: Sizes = ((64, 64),) * 3 + ((80, 48), (48, 80))
MIDDLE: Sizes = ((64, 64), (96, 96), (96, 96), (128, 72), (72, 128))
LARGE: Sizes = ((96, 96), (128, 128), (128, 128), (160, 96), (96, 160))
LARGEST: Sizes = ((128, 128), (192, 192), (256, 144), (144, 256), (256, 256))  # 256×256 is what a CPU reads of a photo
Curriculum = tuple[tuple[float, Sizes], ...]  # sizes up to a share of the budget
FRESH: Curriculum = ((0.45, SMALL), (0.75, MIDDLE), (0.92, LARGE), (1.0, LARGEST))
CONTINUED: Curriculum = ((0.4, MIDDLE), (0.8, LARGE), (1.0, LARGEST))  # small pictures have nothing left to teach


@dataclass(frozen=True)
class Plan:
    """Everything that determines a run, except its budget."""

    seed: int = 0  # below `HELD_OUT`
    start: str = ""  # checkpoint to start from; empty for random weights of the given configuration
    stages: Mapping[str, float] = field(default_factory=lambda: {"depth": 0.3, "splats": 0.55, "chunks": 0.15})  # shares
    tokens: int = 1024  # approximate number for all scenes of a step
    min_views: int = 2
    max_views: int = 16
    others: int = 3  # target views in addition to one of the inputs
    curriculum: Curriculum = FRESH
    views_per_update: int = 4  # in chunks
    rate: float = 2e-3  # peak learning rate of AdamW
    warmup: int = 50  # steps
    decay: float = 0.05  # weight decay of matrices
    clip: float = 1.0  # norm to which gradients are clipped
    absurd: float = 5.0  # steps with a larger gradient norm are skipped
    average: float = 0.998  # decay of the moving average of the weights
    bfloat16: bool = False  # faster on hardware that supports it
    recorded: str = ""  # folder of recorded scenes; empty for procedural scenes only
    share: float = 0.5  # of the steps that learn from recorded scenes, if there are any
    perceptual: str = ""  # file of VGG16 weights; empty for no perceptual loss

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
    """Total length of a run, including earlier sittings: whichever limit is reached first; 0 for no limit."""

    steps: int = 0
    seconds: float = 0.0

    def spent(self, steps: int, seconds: float) -> float:
        """The share used so far, 0 to 1."""
        shares = [done / limit for done, limit in ((steps, self.steps), (seconds, self.seconds)) if limit]
        return min(1.0, max(shares, default=1.0))
