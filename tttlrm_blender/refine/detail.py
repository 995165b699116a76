# SPDX-License-Identifier: GPL-3.0-or-later
"""How many splats a scene needs: as many as its photos have detail for, as far as they fit into memory.

The detail of a photo is the number of leaves of its quadtree: squares in which colors hardly vary, from single pixels up to
32×32. A wall or a sky has few leaves, a lawn nearly one per pixel. Larger photos have more leaves, but not in proportion to
their pixels, as the same edges and blurs cover more of them.
"""

from __future__ import annotations

import numpy as np
import torch

from ..photos.load import PhotoSet
from ..progress import Listen, unheard
from ..protocol.settings import RefineSettings
from ..render.hardware import total_memory

LEAVES_PER_SPLAT, SPLATS_PER_LEAF = 16, 2.5  # of all photos and of one: more splats cost time and add little
SPLATS_PER_PIXEL = 2  # of one photo, at most
LARGEST = 32  # pixels along the side of the largest leaf
EVEN = 4 / 255  # standard deviation of a channel in a leaf, at most; above the noise of most cameras
MOST_VIEWS = 12  # photos that are looked at
BYTES_PER_SPLAT = 3000  # values, gradients, moments and mean of 59 numbers each, and the lists of tiles
MEMORY_SHARE = 0.25  # of all memory, as how much of it is free must not change results


def wanted_splats(photos: PhotoSet, settings: RefineSettings, device: torch.device, listen: Listen = unheard) -> int:
    """Number of splats that refinement grows to: as many as the photos have detail for, up to `most_splats`."""
    return min(most_splats(photos, settings, device), splats_for_detail(photos, listen))


def most_splats(photos: PhotoSet, settings: RefineSettings, device: torch.device) -> int:
    """Number of splats that are refined at most: the settings' limit, otherwise two per pixel of one photo, as far as they fit
    into the device's memory."""
    if settings.max_splats:
        return settings.max_splats
    _, height, width, _ = photos.images.shape
    most = SPLATS_PER_PIXEL * height * width
    memory = total_memory(device.type)
    return most if memory is None else min(most, int(MEMORY_SHARE * memory / BYTES_PER_SPLAT))


def splats_for_detail(photos: PhotoSet, listen: Listen = unheard) -> int:
    """Number of splats that the photos have detail for."""
    views = np.unique(np.linspace(0, len(photos) - 1, MOST_VIEWS).astype(int)).tolist()
    total = 0
    for view in views:
        listen()
        image = torch.as_tensor(photos.images[view])
        if photos.weights is not None:
            image = image * torch.as_tensor(photos.weights[view])[..., None]
        total += count_leaves(image)
    return int(total / len(views) * min(SPLATS_PER_LEAF, len(photos) / LEAVES_PER_SPLAT))


def count_leaves(
    image: torch.Tensor,  # [H, W, 3]
) -> int:
    """Number of leaves of an image's quadtree. Squares that reach over the border count by the share that is inside."""
    height, width = image.shape[:2]
    planes = torch.nn.functional.pad(image.permute(2, 0, 1)[None], (0, -width % LARGEST, 0, -height % LARGEST), "replicate")
    means, squares, divided = planes, planes.square(), []
    for _ in range(LARGEST.bit_length() - 1):
        means, squares = (torch.nn.functional.avg_pool2d(array, 2) for array in (means, squares))
        divided.append(((squares - means.square()) > EVEN**2).any(1)[0])
    reached = torch.ones_like(divided[-1])
    leaves = reached.numel()
    for level in reversed(divided):
        split = level & reached
        leaves += 3 * int(split.sum())
        reached = split.repeat_interleave(2, 0).repeat_interleave(2, 1)
    return round(leaves * height * width / planes[0, 0].numel())
