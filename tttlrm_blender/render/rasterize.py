# SPDX-License-Identifier: GPL-3.0-or-later
"""The common interface to all rasterizers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ..errors import Code, TttlrmError, text
from ..gaussians.gaussians import Gaussians
from ..geometry.cameras import Cameras
from . import cuda, reference
from .choice import drawing_backend, give_up
from .convention import MAX_DEGREE, MAX_SIDE, Drawing, Views
from .cpu import functions as cpu
from .surface import Surface, on_adapter, surface_of
from .webgpu import functions as webgpu

Draw = Callable[..., Drawing]  # of splats, views, size and degree
BACKENDS: dict[str, Draw] = {"cpu": cpu.draw, "cuda": cuda.draw, "reference": reference.draw, "webgpu": webgpu.draw}


@dataclass(frozen=True)
class Rendering:
    """Pictures of V views, and the data about the N splats in them that densification needs."""

    rgb: torch.Tensor  # [V, H, W, 3], sRGB, 0 to about 1, over the background
    depth: torch.Tensor  # [V, H, W], expected z depth in world units, 0 where alpha is 0
    alpha: torch.Tensor  # [V, H, W], 0 to 1
    means2d: torch.Tensor  # [V, N, 2], centers in pixels; call `retain_grad()` on it to get its gradient
    radii: torch.Tensor  # [V, N] int32, pixels, 0 for splats that are not drawn
    surface: Surface | None  # median depth and normals, if asked for


def rasterize(
    gaussians: Gaussians[torch.Tensor],
    cameras: Cameras,
    size: tuple[int, int],
    background: Sequence[float] = (0.0, 0.0, 0.0),
    sh_degree: int | None = None,
    backend: str = "auto",
    surface: bool = False,
) -> Rendering:
    """Draw splats (torch tensors) as V cameras see them, differentiable in all five arrays.

    `size` is (width, height) in pixels; cameras of another size are stretched to it. `sh_degree` limits the degree
    of the spherical harmonics that are evaluated, 0 to 3. `background` is an sRGB color. `backend` is "cpu", "cuda" (gsplat),
    "webgpu" (the best GPU, for tensors on the CPU) or "webgpu:NAME" (an adapter by a part of its name), "reference" (plain torch,
    slow, exact in float64 too) or "auto": CUDA for tensors there, otherwise WebGPU or the CPU as `choice` tells.
    With `surface`, median depth and normals are found as well, for about half of the time of a picture.
    Pictures are those of classic 3D Gaussian splatting (Kerbl et al. 2023), or, for antialiased splats, have the 2D filter of
    Mip-Splatting (Yu et al. 2024). Raises `TttlrmError` for a back end that is unknown or not installed, and for a size that no
    picture has.
    """
    if not all(1 <= side <= MAX_SIDE for side in size):
        raise TttlrmError(
            "A picture cannot have {}×{} pixels.",
            *size,
            hint=text("Choose sides from 1 to {}.", MAX_SIDE),
            code=Code.BAD_SETTINGS,
        )
    degree = max(0, min(MAX_DEGREE if sh_degree is None else sh_degree, gaussians.sh_degree, MAX_DEGREE))
    views, chosen = Views.of(cameras.resized(*size)), _backend(backend, gaussians.means)
    if backend == "auto" and chosen.startswith("webgpu"):
        try:
            drawing, found = _drawn(gaussians, views, size, degree, chosen, surface, give_up=give_up)
        except TttlrmError as error:
            give_up(error)
            drawing, found = _drawn(gaussians, views, size, degree, "cpu", surface)
    else:
        drawing, found = _drawn(gaussians, views, size, degree, chosen, surface)
    return Rendering(
        rgb=_over(drawing, background),
        depth=drawing.depth / drawing.alpha.clamp(min=1e-10),
        alpha=drawing.alpha,
        means2d=drawing.means2d,
        radii=drawing.radii,
        surface=found,
    )


def _drawn(
    gaussians: Gaussians[torch.Tensor],
    views: Views,
    size: tuple[int, int],
    degree: int,
    backend: str,
    surface: bool,
    **options: Any,
) -> tuple[Drawing, Surface | None]:
    """What a back end draws, with the surface if that is asked for."""
    drawing = on_adapter(BACKENDS, backend)(gaussians, views, size, degree, **options)
    return drawing, surface_of(gaussians, views, size, backend) if surface else None


def _backend(name: str, means: torch.Tensor) -> str:
    """The name of a back end that exists."""
    if name == "auto":
        chosen = drawing_backend()
        name = "cuda" if means.is_cuda else chosen if chosen.startswith("webgpu") and means.dtype == torch.float32 else "cpu"
    if name.partition(":")[0] not in BACKENDS:
        raise TttlrmError(
            "There is no rasterizer called {!r}.",
            name,
            hint=text("Choose auto or one of {}.", ", ".join(BACKENDS)),
            code=Code.BAD_SETTINGS,
        )
    return name


def _over(drawing: Drawing, background: Sequence[float]) -> torch.Tensor:
    """The picture over a background color: [V, H, W, 3]."""
    if not any(background):
        return drawing.rgb
    color = torch.as_tensor(background, dtype=drawing.rgb.dtype, device=drawing.rgb.device).detach()
    return drawing.rgb + (1 - drawing.alpha)[..., None] * color
