# SPDX-License-Identifier: GPL-3.0-or-later
"""Densification as sampling (Kheradmand et al. 2024, "3D Gaussian Splatting as Markov Chain Monte Carlo").

Splats that have become transparent move onto others, chosen in proportion to opacity, and new ones join them there. Those
that then share a place share its opacity so that the picture stays nearly the same. Penalties on opacity and size make
splats give up where they are not needed; noise lets the faint ones wander until they are.
"""

from __future__ import annotations

import math

import torch

from ..geometry.quaternions import to_matrices
from ..render.rasterize import Rendering
from .growth import MIN_OPACITY, Growth
from .parameters import Parameters

OPACITY_PENALTY, SIZE_PENALTY = 0.01, 0.01  # on the mean opacity, and on the mean size in shares of the scene's extent
NOISE = 80.0  # of the means at first, times the splat's covariance in units of the scene's extent
STEADY, SHARPNESS = 0.005, 100.0  # opacity of splats that noise moves half as much, and how suddenly it spares others
NOISE_FALL = 100.0  # first noise by the last
SEED = 0
MOST_SHARING = 51  # splats in one place


class Relocation(Growth):
    """Moves, adds and stirs splats while they are being optimised."""

    LAST = 0.8  # moving splats disturbs little

    def __init__(self, parameters: Parameters, goal: int) -> None:
        super().__init__(parameters, goal)
        self.random = torch.Generator(parameters.device).manual_seed(SEED)

    def penalty(self) -> torch.Tensor:
        """What opacity and size cost, to be added to the loss."""
        sizes = self.parameters["log_scales"].exp().mean() / self.parameters.extent
        return OPACITY_PENALTY * self.parameters["logits"].sigmoid().mean() + SIZE_PENALTY * sizes

    @torch.no_grad()
    def follow(self, drawn: Rendering, used: float) -> None:
        """Stir the splats, and hold the round that is due."""
        if self._due(used):
            self._hold_round()
        self.parameters["means"].add_(noise(self.parameters, self.random) * NOISE_FALL**-used)

    def _hold_round(self) -> None:
        """Give the places of transparent splats, and those to be added, to others."""
        opacities = self.parameters["logits"].detach().sigmoid()
        live = (opacities >= MIN_OPACITY).nonzero()[:, 0]
        wanted = len(opacities) - len(live) + self._wanted(len(opacities))
        if len(live) and wanted:
            chosen = torch.multinomial(opacities[live], wanted, replacement=True, generator=self.random)
            share(self.parameters, live, live[chosen])
        self.round += 1


def share(
    parameters: Parameters,
    keep: torch.Tensor,  # [M] int64, splats that stay
    chosen: torch.Tensor,  # [K] int64, of those, where more splats are put: once for each
) -> None:
    """Keep some splats and put K more in the place of some of them: copies come last."""
    rows = torch.cat([keep, chosen])
    together = (torch.bincount(chosen, minlength=len(parameters)) + 1).clamp(max=MOST_SHARING)[rows]
    opacities = parameters["logits"].detach().sigmoid()[rows]
    log_scales = parameters["log_scales"].detach()[rows]
    parts, shrink = shared(opacities, together)
    changed = together > 1
    logits = torch.where(changed, parts.logit(eps=1e-6), parameters["logits"].detach()[rows])
    log_scales = torch.where(changed[:, None], log_scales + shrink.log()[:, None], log_scales)
    parameters.rebuild(
        rows, torch.arange(len(rows), device=rows.device) >= len(keep), {"logits": logits, "log_scales": log_scales}
    )


def shared(
    opacities: torch.Tensor,  # [N]
    together: torch.Tensor,  # [N] int64, splats that share a place, 1 or more
) -> tuple[torch.Tensor, torch.Tensor]:
    """The opacity of each splat that shares one's place, and the factor on its size: two [N] (equation 9 of the paper).

    Opacities compose to the old one at the centre, 1 − (1 − o')ⁿ = o, and sizes such that all light blocked is the same.
    """
    parts = 1 - (1 - opacities) ** (1 / together)
    total = torch.zeros_like(opacities)
    for count in range(1, int(together.max()) + 1):
        term = sum(math.comb(count - 1, k) * (-1) ** k * parts.double() ** (k + 1) / math.sqrt(k + 1) for k in range(count))
        total += torch.where(count <= together, term, 0).to(total)
    return parts, opacities / total


@torch.no_grad()
def noise(parameters: Parameters, generator: torch.Generator) -> torch.Tensor:
    """Random steps of the means [N, 3], in the shape of the splats, for faint ones alone."""
    extent, splats = parameters.extent, parameters.gaussians().map(torch.Tensor.detach)
    turns = torch.as_tensor(to_matrices(splats.quats.cpu().numpy())).to(splats.means)
    axes = turns * (splats.scales / extent)[:, None, :]
    random = torch.randn(len(splats), 3, 1, device=splats.means.device, generator=generator)
    faint = torch.sigmoid(SHARPNESS * (STEADY - splats.opacities))
    return NOISE * extent * faint[:, None] * (axes @ (axes.transpose(1, 2) @ random))[..., 0]
