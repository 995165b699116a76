# SPDX-License-Identifier: GPL-3.0-or-later
"""Training batches: input views with normalized poses, and target views of the same scenes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..geometry.cameras import Cameras
from ..geometry.similarity import normalize
from ..model.config import Config
from ..model.depth import matching_costs
from .recorded import recorded_scenes
from .sampling import uniform
from .scenes import SceneBatch, make_scenes

METERED = 0.3  # share of scenes whose input views differ in exposure
STOPS = 0.12  # largest difference up or down
GAMMA = 2.2  # approximates sRGB


@dataclass(frozen=True)
class Shape:
    """The size of a batch."""

    scenes: int
    inputs: int  # views given to the network
    others: int  # target views of the same scene that the network does not see
    size: tuple[int, int]  # width and height in pixels


@dataclass(frozen=True)
class Batch:
    """Inputs and targets of S scenes, in the frame that inference uses (see `normalize`)."""

    images: Tensor  # [S, V, H, W, 3] float32, sRGB 0 to 1
    distance: Tensor  # [S, V, H, W], along the unit ray in normalized units; 0 for the background
    c2w: Tensor  # [S, V, 4, 4] float32
    intrinsics: Tensor  # [S, V, 4]
    target_images: Tensor  # [S, K, H, W, 3]: the other views, then the first input view, all at the scene's exposure
    target_cameras: list[Cameras]  # of K views each
    costs: Tensor | None = None  # [S, T, (p/2)², 2, K], of `matching_costs`, for networks that use them

    def to(self, device: str | torch.device) -> Batch:
        """The same batch on another device."""
        parts: dict[str, Any] = {name: part.to(device) for name, part in vars(self).items() if isinstance(part, Tensor)}
        return replace(self, **parts)


def make_batch(
    generator: torch.Generator,
    shape: Shape,
    device: str | torch.device = "cpu",
    framing: int = 0,
    ordered: bool = False,
    files: Sequence[Path] = (),
) -> Batch:
    """Random scenes, normalized by their first `framing` input views, or by all if that is 0.

    Scenes are those of `make_scenes`, or of recordings if there are `files`, into which the shape must fit (see `fitting`).

    A stream only knows the cameras of its first chunk. `ordered` inputs follow the path of the camera. Inputs may differ in
    exposure; targets keep that of their scene.
    """
    made = _made(generator, shape, device, ordered, files)
    cameras, scales = zip(*(_normalized(made, scene, shape, framing) for scene in range(shape.scenes)), strict=True)
    seen = slice(0, shape.inputs)
    targets = [*range(shape.inputs, shape.inputs + shape.others), 0]
    scale = torch.tensor(scales, dtype=torch.float32, device=made.depth.device)
    return Batch(
        images=_exposed(generator, made.images[:, seen], (made.depth > 0)[:, seen] if not files else torch.tensor(True)),
        distance=(made.depth * _stretch(made, shape.size))[:, seen] * scale[:, None, None, None],
        c2w=torch.stack([torch.from_numpy(c.c2w[seen]) for c in cameras]).float().to(device),
        intrinsics=made.intrinsics[:, seen],
        target_images=made.images[:, targets],
        target_cameras=[c[targets] for c in cameras],
    )


def _made(
    generator: torch.Generator, shape: Shape, device: str | torch.device, ordered: bool, files: Sequence[Path]
) -> SceneBatch:
    views = shape.inputs + shape.others
    if files:
        return recorded_scenes(generator, files, shape.scenes, views, shape.size, shape.inputs, ordered).to(device)
    return make_scenes(generator, shape.scenes, views, shape.size, device, inputs=shape.inputs, ordered=ordered)


def with_costs(batch: Batch, config: Config) -> Batch:
    """Add the matching costs of the inputs, if a network of this configuration uses them and they are missing."""
    if not config.hypotheses or batch.costs is not None:
        return batch
    scenes = zip(batch.images, batch.c2w, batch.intrinsics, strict=True)
    costs = [matching_costs(config, *scene) for scene in scenes]
    return replace(batch, costs=torch.stack([cost for cost in costs if cost is not None]))


def _exposed(generator: torch.Generator, images: Tensor, seen: Tensor) -> Tensor:
    """Vary the exposure of pictures [S, V, H, W, 3] from view to view in some scenes, where the mask [S, V, H, W] is set: a
    removed background stays white."""
    scenes, views = images.shape[:2]
    metered = torch.rand(scenes, 1, generator=generator) < METERED
    stops = STOPS * uniform(generator, -1, 1, scenes, views) * metered
    factor = 2 ** (stops / GAMMA).to(images.device)
    factor = torch.where(seen.to(images.device), factor[..., None, None], 1.0)
    return (images * factor[..., None]).clamp(max=1)


def _normalized(made: SceneBatch, scene: int, shape: Shape, framing: int) -> tuple[Cameras, float]:
    """All cameras of one scene, normalized by its first `framing` input views or all of them, and the scale factor."""
    c2w, intrinsics = (part[scene].cpu().numpy().astype(np.float64) for part in (made.c2w, made.intrinsics))
    cameras = Cameras(c2w, intrinsics, np.tile(np.array(shape.size), (len(c2w), 1)))
    similarity = normalize(cameras[: framing or shape.inputs])[1]
    return similarity.cameras(cameras), similarity.scale


def _stretch(made: SceneBatch, size: tuple[int, int]) -> Tensor:
    """Distance along the ray per unit of z depth: [S, V, H, W]."""
    fx, fy, cx, cy = made.intrinsics[..., None, None, :].unbind(-1)
    x = torch.arange(size[0], device=fx.device) + 0.5
    y = torch.arange(size[1], device=fx.device)[:, None] + 0.5
    return (1 + ((x - cx) / fx) ** 2 + ((y - cy) / fy) ** 2).sqrt()
