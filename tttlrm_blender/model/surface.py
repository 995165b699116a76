# SPDX-License-Identifier: GPL-3.0-or-later
"""A decoder of surfaces: scene memory → signed distance and color at any point.

tttLRM (arXiv 2602.20160) queries the fast weights with learned tokens of three planes, on which points read features. Here
the planes are those of the query views, whose final tokens are what the fast weights answered to the photos: a point reads the
token, the network's distance and the color where it appears in each of them, and a small network weighs these against each
other, with mean and variance over the views as in IBRNet (Wang et al. 2021).
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..errors import Code, TttlrmError
from ..geometry.rays import world_rays
from ..kernels import torch_in_order
from ..progress import Listen, unheard
from ..reading import reading
from .checkpoint import read, write_tensors
from .config import Config
from .memory import SceneMemory
from .network import TttLRM
from .patches import unpatched

DECODER = Path(__file__).with_name("surface.safetensors")
TRUNCATION = 0.04  # distances are learned up to this one, relative to that of the cameras from the scene
FINER, FEATURES, HIDDEN = 2, 16, 32  # cells along a token, features of a cell, width of the layers
TOLD, RATIO = 5, 0.02  # numbers about the network's distance, and a typical error of it
LOGIT = 1.5  # of a point that all views put one truncation before the surface
UNSEEN = -20.0  # score of views that do not see a point
TOGETHER = 1 << 14  # points asked for at a time
HINT = "Make the mesh from photos, or train a decoder for these weights."


class Field(NamedTuple):
    """What the decoder says about N points."""

    logit: Tensor  # [N], of being outside; its tanh is the signed distance in truncations
    color: Tensor  # [N, 3], 0 to 1

    @property
    def distance(self) -> Tensor:
        """Signed distance [N] in truncations, −1 to 1."""
        return torch.tanh(self.logit)


class Planes(NamedTuple):
    """What points read of V views of one scene."""

    features: Tensor  # [V, FEATURES, h, w]
    pixels: Tensor  # [V, 5, H, W]: log distance, log-odds that it is right, color
    c2w: Tensor  # [V, 4, 4]
    intrinsics: Tensor  # [V, 4]
    truncation: Tensor  # [], in the normalized frame


class SurfaceDecoder(nn.Module):
    """Signed distance and color at points, from what the views say about them."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.patch = config.patch_size
        self.cells = nn.Sequential(nn.LayerNorm(config.dim), nn.Linear(config.dim, FEATURES * FINER**2))
        self.see = _layers(FEATURES + TOLD + 6, HIDDEN)
        self.compare = _layers(3 * HIDDEN + 6, HIDDEN + 2)
        self.tell = nn.Sequential(nn.Linear(2 * HIDDEN + 8, 2 * HIDDEN), nn.GELU(), _layers(2 * HIDDEN, 4))
        last = cast(nn.Linear, cast(nn.Sequential, self.tell[-1])[-1])
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    def planes(self, memory: SceneMemory) -> Planes:
        """The planes of a scene's query views."""
        assert memory.guess is not None
        size = memory.images.shape[1:3]
        cells = [side // self.patch * FINER for side in size]
        features = unpatched(self.cells(memory.tokens)[None], cells, FEATURES)[0].permute(0, 3, 1, 2)
        guess = unpatched(torch.stack([*memory.guess], -1).flatten(1)[None], size, 2)[0]
        pixels = torch.cat([guess, memory.images], -1).permute(0, 3, 1, 2)
        return Planes(features, pixels, memory.c2w, memory.intrinsics, TRUNCATION * unit_of(memory))

    def forward(self, planes: Planes, points: Tensor) -> Field:
        """The field at points [N, 3] in the normalized frame."""
        grid, seen, offset = _projected(planes, points)
        deep = F.grid_sample(planes.features, grid, align_corners=False, padding_mode="border")[:, :, 0].mT
        log_distance, odds, color = F.grid_sample(planes.pixels, grid, mode="nearest", align_corners=False)[:, :, 0].mT.split(
            [1, 1, 3], -1
        )
        away = offset.norm(dim=-1, keepdim=True).clamp(min=1e-6)
        before = (log_distance.exp() - away) / planes.truncation  # how far the point is before the surface
        ratio = (log_distance - away.log()) / RATIO
        told = [before.clamp(-2, 2), before.clamp(-0.5, 0.5), ratio.clamp(-3, 3), odds / 3, planes.truncation / away]
        hidden = F.gelu(self.see(torch.cat([deep, *told, color, offset / away], -1)))
        trusted = seen & (before > -1)  # a view cannot tell what is behind its surface
        return self._agreed(hidden, color, before.clamp(-1, 1) * seen, odds.masked_fill(~trusted, UNSEEN), seen)

    def _agreed(self, hidden: Tensor, color: Tensor, before: Tensor, odds: Tensor, seen: Tensor) -> Field:
        """The field from what V views say: hidden [V, N, HIDDEN], color [V, N, 3], the others [V, N, 1].

        The first guess is the mean of the distances along the rays, weighted by the odds that they are right; what is added to
        it is in proportion to how much they differ. Otherwise errors of one kind of photos would be corrected in others.
        """
        mask = seen.float()
        count = mask.sum(0).clamp(min=1)
        both = torch.cat([hidden, color], -1)
        mean = (both * mask).sum(0) / count
        variance = ((both - mean).square() * mask).sum(0) / count
        others = torch.cat([mean, variance], -1)
        compared = self.compare(torch.cat([hidden, others.expand(len(hidden), -1, -1)], -1))
        weights = compared[..., HIDDEN:].masked_fill(~seen, UNSEEN).softmax(0) * mask
        trust = odds.softmax(0)
        first = (trust * before).sum(0)
        doubt = ((trust * (before - first).square()).sum(0)[:, 0] + 1e-6).sqrt()
        blend, pooled = ((weights[..., i : i + 1] * what).sum(0) for i, what in enumerate((color, compared[..., :HIDDEN])))
        told = self.tell(torch.cat([mean, (variance[:, -3:] + 1e-8).sqrt(), pooled, first, count / 8], -1))
        return Field(LOGIT * first[:, 0] + doubt * told[:, 0], (blend + 0.5 * torch.tanh(told[:, 1:])).clamp(0, 1))


def _layers(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, HIDDEN), nn.GELU(), nn.Linear(HIDDEN, outputs))


def _projected(planes: Planes, points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Where V views show points [N, 3]: places [V, 1, N, 2], −1 to 1; whether they do [V, N, 1]; and rays to them [V, N, 3]."""
    height, width = planes.pixels.shape[2:]
    offset = points - planes.c2w[:, None, :3, 3]
    x, y, z = (offset @ planes.c2w[:, :3, :3]).unbind(-1)
    fx, fy, cx, cy = planes.intrinsics[:, :, None].unbind(1)
    z, before = z.clamp(min=1e-6), z > 1e-6
    place = torch.stack([(fx * x / z + cx) / width, (fy * y / z + cy) / height], -1) * 2 - 1
    seen = before[..., None] & (place.abs() < 1).all(-1, keepdim=True)
    return torch.where(seen, place, 0.0)[:, None], seen, offset


def unit_of(memory: SceneMemory) -> Tensor:
    """The distance of the cameras from the scene [], the median one, in the normalized frame.

    The scene is where the views look: the median over the views of the median point of each.
    """
    assert memory.guess is not None
    size = memory.images.shape[1:3]
    origins, directions = world_rays(memory.c2w, memory.intrinsics, size[0], size[1])
    away = unpatched(memory.guess.log_distance[None], size, 1)[0].exp()
    points = (origins + away * directions).flatten(1, 2)
    center = points.median(1).values.median(0).values
    return (memory.c2w[:, :3, 3] - center).norm(dim=-1).median()


@torch_in_order()
@torch.no_grad()
def read_field(decoder: SurfaceDecoder, planes: Planes, points: Tensor, listen: Listen = unheard) -> Field:
    """The field at any number of points [N, 3] in the normalized frame."""
    found = []
    for some in points.split(TOGETHER):
        listen()
        found.append(decoder(planes, some))
    return Field(*(torch.cat(part) for part in zip(*found, strict=True)))


def fingerprint(model: TttLRM) -> str:
    """A hash of a network's weights in half precision, as in its file."""
    digest = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        digest.update(name.encode() + value.detach().half().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def save_decoder(path: Path, decoder: SurfaceDecoder, network: str, record: dict[str, Any]) -> None:
    """Write weights in half precision, the `fingerprint` of the network that they belong to, and the record of the training."""
    tensors = {name: value.detach().half().contiguous().cpu() for name, value in decoder.state_dict().items()}
    write_tensors(path, tensors, {"network": network, "training": json.dumps(record)})


def load_decoder(model: TttLRM, path: Path | None = None) -> SurfaceDecoder:
    """The decoder of a file, ours by default, on the network's device. Raises `TttlrmError` if it is for another network."""
    path = path or DECODER
    with reading(path, Code.BAD_CHECKPOINT, HINT):
        tensors, metadata = read(path)
        if metadata.get("network") != fingerprint(model):
            template = "The decoder of surfaces {} belongs to other weights of the network."
            raise TttlrmError(template, path.name, hint=HINT, code=Code.BAD_CHECKPOINT)
        decoder = SurfaceDecoder(model.config)
        decoder.load_state_dict({name: value.float() for name, value in tensors.items()})
    return decoder.requires_grad_(False).eval().to(model.input_layernorm.weight.device)
