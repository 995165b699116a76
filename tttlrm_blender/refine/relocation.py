# SPDX-License-Identifier: GPL-3.0-or-later
"""Densification as sampling (Kheradmand et al. 2024, "3D Gaussian Splatting as Markov Chain Monte Carlo").

Transparent splats are moved onto others, which are sampled in proportion to opacity, and new splats are added in the same
way. Splats in one place divide its opacity so that the picture stays nearly the same. Penalties on opacity and size fade
splats that are not needed; noise moves faint splats around until they are.
"""

from __future__ import annotations

import math

import torch

from ..geometry.quaternions import to_matrices
from ..render.rasterize import Rendering
from .growth import MIN_OPACITY, Growth
from .parameters import Parameters

OPACITY_PENALTY, SIZE_PENALTY = 0.01, 0.01  # weights of the mean opacity, and of the mean size in shares of the scene's extent
NOISE = 80.0  # initial noise of the means, times the splat's covariance in units of the scene's extent
STEADY, SHARPNESS = 0.005, 100.0  # opacity at which noise is halved, and slope of that transition
NOISE_FALL = 100.0  # ratio of the first noise to the last
SEED = 0
MOST_SHARING = 51  # splats in one place


class Relocation(Growth):
    """Moves, adds and jitters splats during optimization."""

    LAST = 0.8  # later than splitting, as relocation disturbs the picture little

    def __init__(self, parameters: Parameters, goal: int) -> None:
        super().__init__(parameters, goal)
        self.random = torch.Generator(parameters.device).manual_seed(SEED)

    def penalty(self) -> torch.Tensor:
        """Penalty on opacity and size, to be added to the loss."""
        sizes = self.parameters["log_scales"].exp().mean() / self.parameters.extent
        return OPACITY_PENALTY * self.parameters["logits"].sigmoid().mean() + SIZE_PENALTY * sizes

    @torch.no_grad()
    def follow(self, drawn: Rendering, used: float, pause: bool = False) -> None:
        """Add noise to the means, and hold a round if one is due and there is no `pause`."""
        if self.due(used):
            self.next_round(pause)
        self.parameters["means"].add_(noise(self.parameters, self.random) * NOISE_FALL**-used)

    def _hold_round(self) -> None:
        """Move transparent splats onto others, and add new ones there."""
        opacities = self.parameters["logits"].detach().sigmoid()
        live = (opacities >= MIN_OPACITY).nonzero()[:, 0]
        wanted = len(opacities) - len(live) + self._wanted(len(opacities))
        if len(live) and wanted:
            chosen = torch.multinomial(opacities[live], wanted, replacement=True, generator=self.random)
            relocate(self.parameters, live, live[chosen])


def relocate(
    parameters: Parameters,
    keep: torch.Tensor,  # [M] int64, splats that stay
    chosen: torch.Tensor,  # [K] int64, those of them that get copies, once per copy
) -> None:
    """Keep some splats and add K copies of some of them, which come last."""
    rows = torch.cat([keep, chosen])
    together = (torch.bincount(chosen, minlength=len(parameters)) + 1).clamp(max=MOST_SHARING)[rows]
    opacities = parameters["logits"].detach().sigmoid()[rows]
    log_scales = parameters["log_scales"].detach()[rows]
    parts, shrink = relocated_opacities(opacities, together)
    changed = together > 1
    logits = torch.where(changed, parts.logit(eps=1e-6), parameters["logits"].detach()[rows])
    log_scales = torch.where(changed[:, None], log_scales + shrink.log()[:, None], log_scales)
    parameters.rebuild(
        rows, torch.arange(len(rows), device=rows.device) >= len(keep), {"logits": logits, "log_scales": log_scales}
    )


def relocated_opacities(
    opacities: torch.Tensor,  # [N]
    together: torch.Tensor,  # [N] int64, number of splats in one place, 1 or more
) -> tuple[torch.Tensor, torch.Tensor]:
    """Opacity of each splat in a shared place, and the factor on its size: two [N] (equation 9 of the paper).

    Opacities compose to the old one at the center, 1 − (1 − o')ⁿ = o; sizes are such that the total light blocked is unchanged.
    """
    parts = 1 - (1 - opacities) ** (1 / together)
    total = torch.zeros_like(opacities)
    for count in range(1, int(together.max()) + 1):
        term = sum(math.comb(count - 1, k) * (-1) ** k * parts.double() ** (k + 1) / math.sqrt(k + 1) for k in range(count))
        total += torch.where(count <= together, term, 0).to(total)
    return parts, opacities / total


@torch.no_grad()
def noise(parameters: Parameters, generator: torch.Generator) -> torch.Tensor:
    """Random steps of the means [N, 3], distributed as the splats are shaped, and only of faint splats."""
    extent, splats = parameters.extent, parameters.gaussians().map(torch.Tensor.detach)
    turns = torch.as_tensor(to_matrices(splats.quats.cpu().numpy())).to(splats.means)
    axes = turns * (splats.scales / extent)[:, None, :]
    random = torch.randn(len(splats), 3, 1, device=splats.means.device, generator=generator)
    faint = torch.sigmoid(SHARPNESS * (STEADY - splats.opacities))
    return NOISE * extent * faint[:, None] * (axes @ (axes.transpose(1, 2) @ random))[..., 0]
