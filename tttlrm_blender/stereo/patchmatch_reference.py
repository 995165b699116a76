# SPDX-License-Identifier: GPL-3.0-or-later
"""The passes of PatchMatch stereo in plain torch, for any device; the twin of the compiled ones."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ..geometry.rays import camera_rays, pixel_centers
from .matching import (
    GRAZING,
    NEAR_COLOR,
    NEAR_PLACE,
    NEAREST,
    NOISE,
    REACH,
    TRIALS,
    UNSEEN,
    Matching,
    Search,
    patch_offsets,
    random_numbers,
)


def sweep(matching: Matching, inverse: Tensor, best: int) -> tuple[Tensor, Tensor]:
    """Planes [h, w, 3] that face the camera, and their costs [h, w]: the best of inverse depths [K]."""
    compared = _Compared(matching)
    planes = torch.zeros(*matching.photo.shape, 3, device=matching.photo.device)
    costs = torch.full_like(matching.photo, torch.inf)
    for value in inverse:
        tried = torch.zeros_like(planes)
        tried[..., 2] = value
        planes, costs = _better(planes, costs, tried, _mean_of_best(compared.costs(tried), best))
    return planes, costs


def improve(matching: Matching, planes: Tensor, costs: Tensor, parity: int, search: Search) -> None:
    """Improve in place the planes [h, w, 3] and costs [h, w] of the pixels of one color of a checkerboard."""
    compared, best = _Compared(matching), search.best
    found = compared.costs(planes)
    active = None if search.thorough else found.argsort(dim=0, stable=True)[:best]
    new, cost = planes, _mean_of_best(found, best)

    def attempt(tried: Tensor, allowed: Tensor | bool = True) -> tuple[Tensor, Tensor]:
        """The better of the planes so far and others."""
        every = compared.costs(tried)
        value = _mean_of_best(every if active is None else every.gather(0, active), best)
        return _better(new, cost, tried, torch.where(compared.faces(tried) & allowed, value, torch.inf))

    for right, down in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        tried, least = planes, torch.full_like(costs, torch.inf)
        for distance in REACH:
            value = _shifted(costs[..., None], right * distance, down * distance, torch.inf)[..., 0]
            tried, least = _better(tried, least, _shifted(planes, right * distance, down * distance, 0), value)
        new, cost = attempt(tried, least < torch.inf)
    random = random_numbers(search.seed, costs.shape[0], costs.shape[1], costs.device)
    for trial in range(TRIALS):
        amount, turn = search.amount * (trial != 1), search.turn * (trial != 0)
        new, cost = attempt(_changed(new, compared.rays, random[..., 4 * trial : 4 * trial + 4], amount, turn))
    rows, columns = (torch.arange(length, device=costs.device) for length in costs.shape)
    color = (rows[:, None] + columns) % 2 == parity
    costs[color], planes[color] = cost[color], new[color]


class _Compared:
    """Patches around all pixels of a photo, and their costs in its neighbors."""

    def __init__(self, matching: Matching) -> None:
        self.matching, photo = matching, matching.photo
        height, width = photo.shape
        self.offsets = patch_offsets().to(photo)  # [S, 2]
        pixels = pixel_centers(height, width, photo)
        self.rays = camera_rays(pixels, matching.intrinsics)  # [h, w, 3]
        places = (pixels[:, :, None] - 0.5 + self.offsets).long()
        values = photo[places[..., 1].clamp(0, height - 1), places[..., 0].clamp(0, width - 1)]  # [h, w, S]
        apart = (values - photo[..., None]) ** 2 / NEAR_COLOR**2 + self.offsets.square().sum(-1) / NEAR_PLACE**2
        self.weights = F.normalize((-apart / 2).exp(), p=1, dim=-1)
        centered = values - (self.weights * values).sum(-1, keepdim=True)
        self.weighted = self.weights * centered
        self.variance = (self.weighted * centered).sum(-1)

    def costs(self, planes: Tensor) -> Tensor:
        """1 minus the weighted normalized cross-correlation with every neighbor [N, h, w], for planes [h, w, 3]."""
        return torch.stack([self._mismatch(planes, neighbor) for neighbor in range(len(self.matching.others))])

    def faces(self, planes: Tensor) -> Tensor:
        """Whether planes are in front of the camera, and not seen too obliquely."""
        return (planes * self.rays).sum(-1) > GRAZING * planes.norm(dim=-1) * self.rays.norm(dim=-1)

    def _mismatch(self, planes: Tensor, neighbor: int) -> Tensor:
        image = self.matching.others[neighbor]
        height, width = image.shape
        maps = self.matching.linear[neighbor] + self.matching.offset[neighbor][:, None] * planes[:, :, None]  # [h, w, 3, 3]
        center = (maps @ self.rays[..., None])[..., 0]
        around = maps[..., :2] @ (self.offsets / self.matching.intrinsics[:2]).T + center[..., None]  # [h, w, 3, S]
        last = center.new_tensor([width - 1, height - 1])
        x, y, z = center.unbind(-1)
        seen = (z > NEAREST) & (x >= -z / 2) & (y >= -z / 2) & (x <= (last[0] + 0.5) * z) & (y <= (last[1] + 0.5) * z)
        places = (around[..., :2, :] / around[..., 2:, :].clamp(min=NEAREST)).mT  # [h, w, S, 2]
        grid = (places / last * 2 - 1).flatten(0, 1)[None]
        values = F.grid_sample(image[None, None], grid, padding_mode="border", align_corners=True)[0, 0].view(self.weights.shape)
        mean = (self.weights * values).sum(-1)
        variance = ((self.weights * values.square()).sum(-1) - mean**2).clamp(min=0)
        cost = 1 - (self.weighted * values).sum(-1) / ((self.variance + NOISE) * (variance + NOISE)).sqrt()
        return torch.where(seen, cost, UNSEEN)


def _better(planes: Tensor, costs: Tensor, others: Tensor, theirs: Tensor) -> tuple[Tensor, Tensor]:
    """Planes [h, w, 3] and costs [h, w], of which the others replace those that they undercut."""
    better = theirs < costs
    return torch.where(better[..., None], others, planes), torch.where(better, theirs, costs)


def _mean_of_best(costs: Tensor, best: int) -> Tensor:
    return costs.sort(0).values[:best].mean(0)


def _shifted(values: Tensor, right: int, down: int, outside: float) -> Tensor:
    """What is found, in values [h, w, C], some pixels to the right and down of every pixel."""
    height, width, _ = values.shape
    around = max(REACH)
    padded = F.pad(values, (0, 0, around, around, around, around), value=outside)
    return padded[around + down : around + down + height, around + right : around + right + width]


def _changed(planes: Tensor, rays: Tensor, random: Tensor, amount: float, turn: float) -> Tensor:
    """Planes whose distances are changed by at most `amount`, and whose normals by at most `turn`."""
    normals = planes / planes.norm(dim=-1, keepdim=True) + turn * random[..., :3]
    inverse = (planes * rays).sum(-1) * (1 + amount * random[..., 3])
    return normals * (inverse / (normals * rays).sum(-1))[..., None]
