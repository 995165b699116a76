# SPDX-License-Identifier: GPL-3.0-or-later
"""The rasterizer as plain formulas in torch: every splat at every pixel, gradients by autograd.

The fast back ends are compared with it. It works in float64 too; memory grows with splats times pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ..gaussians.gaussians import Gaussians
from .convention import BLUR, MAX_ALPHA, MIN_ALPHA, MIN_TRANSMITTANCE, NEAR, VIEW_MARGIN, Drawing, Views


@dataclass(frozen=True)
class Ellipses:
    """The splats of one view as ellipses on the image."""

    means2d: torch.Tensor  # [N, 2]
    covariances: torch.Tensor  # [N, 2, 2]
    depths: torch.Tensor  # [N]
    colors: torch.Tensor  # [N, 3]
    opacities: torch.Tensor  # [N]
    radii: torch.Tensor  # [N]


def draw(gaussians: Gaussians[torch.Tensor], views: Views, size: tuple[int, int], degree: int) -> Drawing:
    """Draw splats in the precision and on the device of their tensors."""
    ellipses = [_ellipses(gaussians, views, view, size, degree) for view in range(len(views))]
    means2d = torch.stack([view.means2d for view in ellipses])
    pictures = [_blend(view, centers, size) for view, centers in zip(ellipses, means2d, strict=True)]
    rgb, depth, alpha = (torch.stack(parts) for parts in zip(*pictures, strict=True))
    return Drawing(rgb, depth, alpha, means2d, torch.stack([view.radii for view in ellipses]))


def medians(gaussians: Gaussians[torch.Tensor], views: Views, size: tuple[int, int]) -> torch.Tensor:
    """The splat at which the light along each ray falls to half, [V, H, W] int64; −1 where more than half passes."""
    found = []
    for view in range(len(views)):
        ellipses = _ellipses(gaussians, views, view, size, 0)
        order = _order(ellipses)
        alphas = _alphas(ellipses.means2d[order], ellipses.covariances[order], ellipses.opacities[order], size)
        passed = (torch.cumprod(1 - alphas, 0) > 0.5).sum(0)
        found.append(torch.cat([order, order.new_full((1,), -1)])[passed])
    return torch.stack(found)


def _ellipses(gaussians: Gaussians[torch.Tensor], views: Views, view: int, size: tuple[int, int], degree: int) -> Ellipses:
    """What one camera sees of every splat."""
    rotation, center, intrinsics = (
        torch.as_tensor(array[view]).to(gaussians.means) for array in (views.rotations, views.centers, views.intrinsics)
    )
    directions = gaussians.means - center
    points = directions @ rotation.T
    means2d = points[:, :2] / points[:, 2:] * intrinsics[:2] + intrinsics[2:]
    root = _roots2d(gaussians, points, rotation, intrinsics, size)
    covariances = root @ root.mT + BLUR * torch.eye(2).to(points)
    opacities = gaussians.opacities * (_shares(root, covariances) if gaussians.antialiased else 1)
    radii = _radii(points, means2d, covariances, opacities, size)
    colors = _colors(gaussians.sh, torch.nn.functional.normalize(directions, dim=-1), degree)
    return Ellipses(torch.where(radii[:, None] > 0, means2d, 0.0), covariances, points[:, 2], colors, opacities, radii)


def _blend(ellipses: Ellipses, means2d: torch.Tensor, size: tuple[int, int]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Color [H, W, 3], sum of weighted depths [H, W] and sum of weights [H, W] of one view."""
    order = _order(ellipses)
    weights = _weights(_alphas(means2d[order], ellipses.covariances[order], ellipses.opacities[order], size))
    rgb = torch.einsum("nhw,nc->hwc", weights, ellipses.colors[order])
    depth = torch.einsum("nhw,n->hw", weights, ellipses.depths[order])
    return rgb, depth, weights.sum(0)


def _order(ellipses: Ellipses) -> torch.Tensor:
    """The drawn splats, nearest first."""
    drawn = ellipses.radii > 0
    return torch.argsort(torch.where(drawn, ellipses.depths, torch.inf), stable=True)[: int(drawn.sum())]


def _roots2d(
    gaussians: Gaussians[torch.Tensor],
    points: torch.Tensor,
    rotation: torch.Tensor,
    intrinsics: torch.Tensor,
    size: tuple[int, int],
) -> torch.Tensor:
    """Roots K of the covariances K Kᵀ on the image, linearized at the splats' centers (Zwicker et al. 2001): [N, 2, 3] px."""
    axes = rotation @ rotations(gaussians.quats) * gaussians.scales[:, None]
    focal, principal = intrinsics[:2], intrinsics[2:]
    extent = torch.tensor(size).to(points)
    margin = VIEW_MARGIN * extent / 2 / focal
    slopes = (points[:, :2] / points[:, 2:]).clamp(-principal / focal - margin, (extent - principal) / focal + margin)
    jacobian = (
        torch.cat([torch.diag_embed(focal.expand(len(points), 2)), -(focal * slopes)[..., None]], -1) / points[:, 2, None, None]
    )
    return jacobian @ axes


def _shares(root: torch.Tensor, covariances: torch.Tensor) -> torch.Tensor:
    """√(det K Kᵀ / det Σ) [N] of roots K and blurred covariances Σ: the share of a splat's light that is left at its peak."""
    return torch.linalg.cross(root[:, 0], root[:, 1]).norm(dim=-1) / covariances.det().sqrt()


def rotations(quats: torch.Tensor) -> torch.Tensor:
    """Rotation matrices [N, 3, 3] of quaternions w x y z of any length."""
    w, x, y, z = torch.nn.functional.normalize(quats, dim=-1).unbind(-1)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return torch.stack([torch.stack(row, -1) for row in rows], -2)


def _radii(
    points: torch.Tensor, means2d: torch.Tensor, covariances: torch.Tensor, opacities: torch.Tensor, size: tuple[int, int]
) -> torch.Tensor:
    """How far from its center a splat is at least `MIN_ALPHA`, [N] int32 pixels; 0 for splats that are not drawn."""
    reach = (2 * (opacities / MIN_ALPHA).log()).clamp(min=0).sqrt()
    radii = (reach[:, None] * covariances.diagonal(dim1=1, dim2=2).sqrt()).ceil()
    inside = ((means2d + radii > 0) & (means2d - radii < torch.tensor(size).to(means2d))).all(-1)
    valid = (points[:, 2] >= NEAR) & (covariances.det() > 0) & inside & (radii > 0).all(-1)
    return torch.where(valid, radii.amax(-1), 0).to(torch.int32).detach()


def _alphas(means2d: torch.Tensor, covariances: torch.Tensor, opacities: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Opacity of every splat at every pixel: [N, H, W]."""
    rows, columns = torch.meshgrid(torch.arange(size[1]), torch.arange(size[0]), indexing="ij")
    pixels = torch.stack([columns, rows], -1).to(means2d) + 0.5
    offsets = pixels - means2d[:, None, None]
    distances = torch.einsum("nhwi,nij,nhwj->nhw", offsets, torch.linalg.inv(covariances), offsets)
    alphas = (opacities[:, None, None] * torch.exp(-distances / 2)).clamp(max=MAX_ALPHA)
    return torch.where(alphas >= MIN_ALPHA, alphas, 0.0)


def _weights(alphas: torch.Tensor) -> torch.Tensor:
    """Share of every splat, nearest first, in every pixel: [N, H, W]."""
    after = torch.cumprod(1 - alphas, 0)
    before = torch.cat([torch.ones_like(after[:1]), after[:-1]])
    return torch.where(after > MIN_TRANSMITTANCE, alphas * before, 0.0)


def _colors(sh: torch.Tensor, directions: torch.Tensor, degree: int) -> torch.Tensor:
    """Colors seen along unit directions from the camera: [N, 3]."""
    basis = _harmonics(directions, degree)
    return (0.5 + torch.einsum("nk,nkc->nc", basis, sh[:, : basis.shape[1]])).clamp(min=0)


def _harmonics(directions: torch.Tensor, degree: int) -> torch.Tensor:
    """Real spherical harmonics in the order and with the signs of 3DGS: [N, (degree + 1)²]."""
    x, y, z = directions.unbind(-1)
    terms = [0.28209479177387814 * torch.ones_like(x)]
    if degree > 0:
        terms += [-0.4886025119029199 * y, 0.4886025119029199 * z, -0.4886025119029199 * x]
    if degree > 1:
        terms += [1.0925484305920792 * x * y, -1.0925484305920792 * y * z, 0.31539156525252005 * (3 * z * z - 1)]
        terms += [-1.0925484305920792 * x * z, 0.5462742152960396 * (x * x - y * y)]
    if degree > 2:
        terms += [-0.5900435899266435 * y * (3 * x * x - y * y), 2.890611442640554 * x * y * z]
        terms += [-0.4570457994644658 * y * (5 * z * z - 1), 0.3731763325901154 * z * (5 * z * z - 3)]
        terms += [-0.4570457994644658 * x * (5 * z * z - 1), 1.445305721320277 * z * (x * x - y * y)]
        terms += [-0.5900435899266435 * x * (x * x - 3 * y * y)]
    return torch.stack(terms, -1)
