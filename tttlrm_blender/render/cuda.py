# SPDX-License-Identifier: GPL-3.0-or-later
"""Drawing splats on an NVIDIA GPU through gsplat."""

from __future__ import annotations

import importlib.util
import math
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from ..child_process import child_environment, without_window
from ..errors import Code, TttlrmError
from ..gaussians.gaussians import Gaussians
from .convention import BLUR, MAX_ALPHA, NEAR, Drawing, Views

EVERY_ROUND = 1 << 30  # more than the rounds in which gsplat reads a tile's splats


class Compilation:
    """Compilation of gsplat's kernels in a separate process, if they are not compiled yet.

    The first time takes minutes; the result is kept in TORCH_EXTENSIONS_DIR. Nothing may be drawn before it has finished:
    that would compile them again.
    """

    PROGRAM = "import sys; from gsplat.cuda._backend import _C; sys.exit(_C is None)"

    def __init__(self) -> None:
        self.installed = importlib.util.find_spec("gsplat") is not None
        self._process = self._started() if self.installed else None

    def finished(self) -> bool:
        """Whether splats can be drawn now."""
        return self._process is not None and self._process.poll() == 0

    def wait(self) -> bool:
        """Wait for the compilation; return whether splats can be drawn."""
        return self._process is not None and self._process.wait() == 0

    def _started(self) -> subprocess.Popen[bytes]:
        command, environment = [sys.executable, "-c", self.PROGRAM], child_environment(python=sys.executable)
        return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **without_window())


def draw(gaussians: Gaussians[torch.Tensor], views: Views, size: tuple[int, int], degree: int) -> Drawing:
    """Draw splats whose tensors are on a CUDA device. Raises `TttlrmError` where gsplat or the device is missing."""
    rasterization = _gsplat(gaussians.means)
    if not len(gaussians.means):
        return nothing(gaussians, len(views), size)
    images, alpha, info = rasterization(
        **_arguments(gaussians, views), **_options(gaussians, size), sh_degree=degree, render_mode="RGB+D"
    )
    return Drawing(images[..., :3], images[..., 3], alpha[..., 0], info["means2d"], info["radii"].amax(-1))


@torch.no_grad()
def medians(gaussians: Gaussians[torch.Tensor], views: Views, size: tuple[int, int]) -> torch.Tensor:
    """The splat at which the light along each ray falls to half, [V, H, W] int64; −1 where more than half passes."""
    rasterization = _gsplat(gaussians.means)
    found = torch.full((len(views), size[1] * size[0]), -1, dtype=torch.int64, device=gaussians.means.device)
    for view in range(len(views) if len(gaussians.means) else 0):
        camera = Views(*(array[[view]] for array in (views.rotations, views.centers, views.intrinsics)))
        _, _, info = rasterization(**_arguments(gaussians, camera), **_options(gaussians, size), sh_degree=0)
        splats, pixels, alphas = _contributions(info, size)
        halving = halvings(pixels, alphas)
        found[view, pixels[halving]] = splats[halving]
    return found.view(len(views), size[1], size[0])


def _contributions(info: dict[str, Any], size: tuple[int, int]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Splat, pixel and opacity there of all that one view shows, pixel by pixel, from near to far: [P] each."""
    from gsplat import rasterize_to_indices_in_range

    means2d, conics, opacities = (info[name] for name in ("means2d", "conics", "opacities"))
    lists = info["tile_size"], info["isect_offsets"], info["flatten_ids"]
    light = torch.ones(1, size[1], size[0], device=means2d.device)
    splats, pixels, _ = rasterize_to_indices_in_range(0, EVERY_ROUND, light, means2d, conics, opacities, *size, *lists)
    places = torch.stack([pixels % size[0], pixels // size[0]], -1) + 0.5
    x, y = (places - means2d[0, splats]).unbind(-1)
    xx, xy, yy = conics[0, splats].unbind(-1)
    alphas = opacities[0, splats] * torch.exp(-0.5 * (xx * x * x + yy * y * y) - xy * x * y)
    return splats, pixels, alphas.clamp(max=MAX_ALPHA)


def halvings(
    pixels: torch.Tensor,  # [P], sorted
    alphas: torch.Tensor,  # [P], opacities in these pixels, from near to far
) -> torch.Tensor:  # [P] bool
    """Which contributions take the light of their pixel from more than half to half or less."""
    first = torch.ones_like(pixels, dtype=torch.bool)
    first[1:] = pixels[1:] != pixels[:-1]
    light = torch.log1p(-alphas.double()).cumsum(0)
    before = torch.cat([light.new_zeros(1), light])[:-1]
    start = before[first][first.cumsum(0) - 1]  # of each one's pixel
    half = -math.log(2)
    return (light - start <= half) & (before - start > half)


def nothing(gaussians: Gaussians[torch.Tensor], views: int, size: tuple[int, int]) -> Drawing:
    """The drawing of no splats, for which gsplat would end the whole process."""
    zero = torch.stack([array.sum() for array in gaussians.arrays().values()]).sum()  # so that gradients are empty, not missing
    pixels = (views, size[1], size[0])
    places, radii = gaussians.means.new_zeros(views, 0, 2), torch.zeros(views, 0, dtype=torch.int32, device=zero.device)
    return Drawing(zero.expand(*pixels, 3), zero.expand(pixels), zero.expand(pixels), places, radii)


def _gsplat(means: torch.Tensor) -> Callable[..., Any]:
    """gsplat's rasterizer, after checking that it works for these tensors."""
    if not means.is_cuda:
        raise TttlrmError(
            "The splats are not on a CUDA device.", hint="Move them there, or choose the cpu rasterizer.", code=Code.NO_CUDA
        )
    try:
        from gsplat import rasterization
    except ImportError as error:
        hint = "Install it with pip install gsplat, or choose the cpu rasterizer."
        raise TttlrmError(
            "Rasterizing on CUDA needs gsplat, which does not load: {}.", error, hint=hint, code=Code.NO_GSPLAT
        ) from error
    return rasterization


def _options(gaussians: Gaussians[torch.Tensor], size: tuple[int, int]) -> dict[str, Any]:
    """How gsplat is to draw."""
    mode = "antialiased" if gaussians.antialiased else "classic"
    return {"width": size[0], "height": size[1], "near_plane": NEAR, "eps2d": BLUR, "packed": False, "rasterize_mode": mode}


def _arguments(gaussians: Gaussians[torch.Tensor], views: Views) -> dict[str, torch.Tensor]:
    """Splats and cameras by gsplat's names, on the splats' device."""
    device = gaussians.means.device
    poses = np.tile(np.eye(4, dtype=np.float32), (len(views), 1, 1))
    poses[:, :3, :3] = views.rotations
    poses[:, :3, 3] = -np.einsum("vij,vj->vi", views.rotations, views.centers)
    fx, fy, cx, cy = views.intrinsics.T
    zero, one = np.zeros_like(fx), np.ones_like(fx)
    lenses = np.stack([fx, zero, cx, zero, fy, cy, zero, zero, one], -1).reshape(-1, 3, 3)
    return {
        "means": gaussians.means.float(),
        "quats": gaussians.quats.float(),
        "scales": gaussians.scales.float(),
        "opacities": gaussians.opacities.float(),
        "colors": gaussians.sh.float(),
        "viewmats": torch.from_numpy(poses).to(device),
        "Ks": torch.from_numpy(lenses).to(device),
    }
