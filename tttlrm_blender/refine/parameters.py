# SPDX-License-Identifier: GPL-3.0-or-later
"""The raw parameters of splats, which may take any value, and Adam's memory of them."""

from __future__ import annotations

import numpy as np
import torch

from ..gaussians.gaussians import Gaussians

# Learning rates of 3D Gaussian splatting (Kerbl et al. 2023); that of the means is per unit of the scene's extent.
RATES = {"means": 1.6e-4, "quats": 1e-3, "log_scales": 5e-3, "logits": 5e-2, "dc": 2.5e-3, "rest": 2.5e-3 / 20}
MIN_OPACITY, MAX_OPACITY = 1e-4, 0.999  # beyond these a logit has no slope worth following


class Parameters:
    """N splats as leaf tensors by name, with their optimiser."""

    def __init__(self, gaussians: Gaussians, rates: dict[str, float], device: torch.device) -> None:
        """Copies numpy splats; `rates` has one learning rate for each name in `RATES`."""
        opacities = gaussians.opacities.clip(MIN_OPACITY, MAX_OPACITY)
        raw = {
            "means": gaussians.means,
            "quats": gaussians.quats,
            "log_scales": np.log(gaussians.scales.clip(min=1e-12)),
            "logits": np.log(opacities / (1 - opacities)),
            "dc": gaussians.sh[:, :1],
            "rest": gaussians.sh[:, 1:],
        }
        leaves = {name: torch.tensor(raw[name], dtype=torch.float32, device=device).requires_grad_() for name in rates}
        groups = [{"name": name, "params": [leaves[name]], "lr": rate} for name, rate in rates.items()]
        self.optimizer = torch.optim.Adam(groups, eps=1e-15, fused=True)

    def __len__(self) -> int:
        return len(self["means"])

    def __getitem__(self, name: str) -> torch.Tensor:
        """The raw tensor of a name in `RATES`, N first."""
        return self._group(name)["params"][0]

    def gaussians(self) -> Gaussians:
        """The splats as tensors that the raw parameters learn through."""
        return Gaussians(
            means=self["means"],
            quats=torch.nn.functional.normalize(self["quats"], dim=-1),
            scales=self["log_scales"].exp(),
            opacities=self["logits"].sigmoid(),
            sh=torch.cat([self["dc"], self["rest"]], 1),
        )

    def set_rate(self, name: str, rate: float) -> None:
        """Change the learning rate of one parameter."""
        self._group(name)["lr"] = rate

    def step(self) -> None:
        """Follow the gradients, but for those that are not finite, and forget them."""
        for group in self.optimizer.param_groups:
            gradient = group["params"][0].grad
            gradient.nan_to_num_(0, 0, 0)
        self.optimizer.step()
        self.optimizer.zero_grad()

    def rebuild(
        self,
        rows: torch.Tensor,  # [M] int64, where each of the M new splats comes from
        fresh: torch.Tensor,  # [M] bool, whether Adam starts anew for it
        changes: dict[str, torch.Tensor],  # [M, ...] raw values that differ from those at `rows`, by name
    ) -> None:
        """Replace the N splats by M that descend from them."""
        for group in self.optimizer.param_groups:
            old = group["params"][0]
            new = changes.get(group["name"], old.detach()[rows]).detach().clone().requires_grad_()
            memory = self.optimizer.state.pop(old, {})
            for key in ("exp_avg", "exp_avg_sq"):
                if key in memory:
                    memory[key] = memory[key][rows]
                    memory[key][fresh] = 0
            group["params"] = [new]
            self.optimizer.state[new] = memory

    def _group(self, name: str) -> dict:
        return next(group for group in self.optimizer.param_groups if group["name"] == name)
