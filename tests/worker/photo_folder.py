# SPDX-License-Identifier: GPL-3.0-or-later
"""A small folder of photos with known poses, and a small untrained network, for tests of whole jobs."""

import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from tttlrm_blender.model.checkpoint import save_checkpoint
from tttlrm_blender.model.config import Config
from tttlrm_blender.model.network import TttLRM

WIDTH, HEIGHT = 48, 32
CONFIG = Config(dim=32, head_dim=16, layers=2, expansion=2, sh_degree=0, depth_range="log", near=0.5, far=2.5, anchored=True)


def write_photos(folder: Path, count: int = 6) -> Path:
    """Photos of a patterned wall at y = 4, from places along a line, with a transforms.json. World up is z."""
    (folder / "images").mkdir(parents=True)
    frames = []
    for index in range(count):
        place = (index - count / 2) * 0.3
        Image.fromarray(_wall(place)).save(folder / "images" / f"{index:02}.png")
        pose = [[1, 0, 0, place], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1]]  # looks along +y
        frames.append({"file_path": f"images/{index:02}.png", "transform_matrix": pose})
    lens = {"w": WIDTH, "h": HEIGHT, "fl_x": WIDTH, "fl_y": WIDTH, "cx": WIDTH / 2, "cy": HEIGHT / 2}
    (folder / "transforms.json").write_text(json.dumps(lens | {"frames": frames}))
    return folder


def _wall(place: float) -> np.ndarray:
    row, column = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    x, z = place + (column - WIDTH / 2) / WIDTH * 4, (HEIGHT / 2 - row) / WIDTH * 4
    waves = np.stack([np.sin(3 * x) * np.cos(2 * z), np.sin(2 * x + z), np.cos(4 * x - z)], -1)
    return (waves * 100 + 128).astype(np.uint8)


def write_checkpoint(path: Path) -> Path:
    """A checkpoint of a network too small to know anything."""
    torch.manual_seed(0)
    save_checkpoint(path, TttLRM(CONFIG), {})
    return path
