# SPDX-License-Identifier: GPL-3.0-or-later
"""Unconstrained parameters of splats, and their optimizer."""

from __future__ import annotations

import numpy as np
import torch
from torch.optim.adam import adam

from ..gaussians.gaussians import SH_DC, Gaussians

# Initial learning rates: those of 3D Gaussian splatting (Kerbl et al. 2023) times 4 to 20, because budgets are 30 times
# shorter here. The rate of the means is relative to the scene's extent.
RATES = {"means": 3e-3, "quats": 4e-3, "log_scales": 4e-2, "logits": 4e-1, "dc": 4e-2, "rest": 4e-3}
MEANS_FALL = 100.0  # ratio of the first rate of the means to the last
STEPS_TO_FALL = 200  # all other rates fall to 1 / (1 + steps / STEPS_TO_FALL) of the first: lower for longer runs
BETAS = (0.9, 0.99)  # of Adam; squares of gradients are forgotten faster than usual, as splats change fast in short runs
EPSILON = 1e-15
MIN_OPACITY, MAX_OPACITY = 1e-4, 0.999  # beyond these the gradient of a logit vanishes
MIN_SCALE = 1e-12
MIN_SHARE = 0.1  # of the least size: splats as small as they can be are so much larger, for they have a gradient then
MIN_DC = (1 / 255 - 0.5) / SH_DC  # colors below black have no gradient either: such splats would stay black forever


class Parameters:
    """N splats as named leaf tensors, with their Adam optimizer."""

    def __init__(self, gaussians: Gaussians[np.ndarray], extent: float, device: torch.device) -> None:
        """Copy splats (numpy) of a scene whose extent is given in world units."""
        self.extent, self.device, self.antialiased = extent, device, gaussians.antialiased
        opacities = gaussians.opacities.clip(MIN_OPACITY, MAX_OPACITY)
        raw = {
            "means": gaussians.means,
            "quats": gaussians.quats,
            "log_scales": np.log(gaussians.scales.clip(MIN_SCALE)),
            "logits": np.log(opacities / (1 - opacities)),
            "dc": gaussians.sh[:, :1].clip(MIN_DC),
            "rest": gaussians.sh[:, 1:],
        }
        self.leaves = {name: torch.tensor(raw[name], dtype=torch.float32, device=device).requires_grad_() for name in RATES}
        self.least = torch.zeros(len(gaussians), device=device)  # [N] world units: variances of this size are added to all axes
        self.moments = {name: tuple(torch.zeros_like(leaf) for _ in BETAS) for name, leaf in self.leaves.items()}  # of gradients
        self.steps = {name: torch.zeros((), device=device) for name in self.leaves}

    def __len__(self) -> int:
        return len(self["means"])

    def __getitem__(self, name: str) -> torch.Tensor:
        """The raw tensor [N, ...] of a name in `RATES`."""
        return self.leaves[name]

    def gaussians(self) -> Gaussians[torch.Tensor]:
        """The splats as tensors through which gradients reach the raw parameters."""
        return Gaussians(
            means=self["means"],
            quats=torch.nn.functional.normalize(self["quats"], dim=-1),
            scales=torch.hypot(self["log_scales"].exp(), self.least[:, None]),
            opacities=self["logits"].sigmoid(),
            sh=torch.cat([self["dc"], self["rest"]], 1),
            antialiased=self.antialiased,
        )

    def to_numpy(self) -> Gaussians[np.ndarray]:
        """A copy of the current splats."""
        return self.gaussians().map(lambda array: array.detach().cpu().numpy())

    @torch.no_grad()
    def narrow(self, least: torch.Tensor) -> None:
        """Set the least sizes [N] of the splats, which stay as large as they are where they are larger."""
        drawn = self.gaussians().scales
        self.least = least
        own = (drawn.square() - least[:, None].square()).clamp(min=(MIN_SHARE * least[:, None]).square() + MIN_SCALE**2).sqrt()
        self["log_scales"].copy_(own.log())

    def step(self, used: float, steps: float, share: float = 1.0) -> None:
        """Make one step of Adam and drop the gradients. Those that are not finite count as 0.

        The learning rates are a `share` of those that depend on `used`, the share of the budget used so far (0 to 1), and on the
        `steps` of the whole budget.
        """
        for name, rate in self.rates(used, steps, share).items():
            self._adam(name, rate)
        with torch.no_grad():
            self["dc"].clamp_(min=MIN_DC)

    def rates(self, used: float, steps: float, share: float = 1.0) -> dict[str, float]:
        """The learning rates by name; see `step`."""
        falls = {name: MEANS_FALL if name == "means" else 1 + steps / STEPS_TO_FALL for name in RATES}
        sizes = {"means": self.extent}
        return {name: share * rate * falls[name] ** -used * sizes.get(name, 1.0) for name, rate in RATES.items()}

    def rebuild(
        self,
        rows: torch.Tensor,  # [M] int64, the old splat that each new one descends from
        fresh: torch.Tensor,  # [M] bool, whether to reset Adam's moments for it
        changes: dict[str, torch.Tensor],  # [M, ...] raw values that differ from those at `rows`, by name
    ) -> None:
        """Replace the N splats by M that descend from them."""
        self.least = self.least[rows]
        for name, old in self.leaves.items():
            self.leaves[name] = (changes[name] if name in changes else old.detach()[rows]).requires_grad_()
            self.moments[name] = tuple(moment[rows] for moment in self.moments[name])
            for moment in self.moments[name]:
                moment[fresh] = 0

    @torch.no_grad()
    def _adam(self, name: str, rate: float) -> None:
        """One step of Adam (Kingma & Ba 2015) with a learning rate.

        `torch.optim.Adam` does the same, but loads torch's compiler first, which takes seconds.
        """
        leaf, (means, squares) = self.leaves[name], self.moments[name]
        if leaf.grad is None:
            return
        gradient, leaf.grad = leaf.grad.nan_to_num_(0, 0, 0), None
        beta1, beta2 = BETAS
        adam(
            [leaf],
            [gradient],
            [means],
            [squares],
            [],
            [self.steps[name]],
            fused=True,
            amsgrad=False,
            beta1=beta1,
            beta2=beta2,
            lr=rate,
            weight_decay=0.0,
            eps=EPSILON,
            maximize=False,
        )
