# SPDX-License-Identifier: GPL-3.0-or-later
"""Bake images onto a mesh with texture coordinates of its own, in one tile or in several (UDIM)."""

from __future__ import annotations

from functools import partial

import numpy as np
from trimesh import Trimesh

from ..progress import Report
from ..stages import Stage
from .mesh import points_of
from .pictures import Pictures
from .textured import ImageSettings, bake
from .unwrap import Atlas

ACROSS = 10  # tiles in a row of UDIM
ROWS = 100


def bake_tiles(
    mesh: Trimesh,
    uv: np.ndarray,  # [M, 3, 2], v up
    settings: ImageSettings,
    pictures: Pictures,
    report: Report,
    dense: Trimesh | None = None,
) -> dict[str, np.ndarray]:
    """The images of a mesh by name, each the bytes [B] uint8 of a file; see `textured.bake`.

    Where texture coordinates lie in several tiles, names end in the tile's number: “base_color.1001”. Coordinates outside of all
    tiles are those of the first.
    """
    tiles = np.floor(uv.mean(axis=1)).astype(np.int64)
    outside = (tiles < 0).any(axis=1) | (tiles >= [ACROSS, ROWS]).any(axis=1)
    uv = np.where(outside[:, None, None], uv - tiles[:, None], uv)
    tiles[outside] = 0
    used = np.unique(tiles, axis=0)
    pictures, files = pictures.in_even_light(points_of(mesh), partial(report, Stage.BAKE_TEXTURE, 0)), dict[str, np.ndarray]()
    atlases = (Atlas.of(np.where((tiles != tile).any(axis=1)[:, None, None], -2, uv - tile), settings.texture) for tile in used)
    for tile, images in zip(used, bake(mesh, atlases, settings, pictures, report, dense), strict=True):
        number = f".{1001 + tile[0] + ACROSS * tile[1]}" if len(used) > 1 else ""
        files |= {name + number: file for name, file in images.named().items()}
    return files
