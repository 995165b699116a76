# SPDX-License-Identifier: GPL-3.0-or-later
"""Write held-out procedural scenes as folders of photos."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..geometry.cameras import Cameras

VIEWS, SIZE = 8, (128, 128)  # default number of input photos, and their width and height


def write_scene(folder: Path, number: int, views: int, size: tuple[int, int]) -> None:
    """Write photos and cameras of a held-out scene in the layout of NeRF-synthetic, `views` inputs and some test photos.

    `size` is width and height in pixels. Scene `number` is always the same for the same views and size.
    """
    from ..geometry.cameras import Cameras
    from ..train.batches import Shape, make_batch
    from ..train.plan import HELD_OUT, UNSEEN
    from ..train.sampling import generator_for

    batch = make_batch(generator_for(HELD_OUT, number), Shape(1, views, UNSEEN, size))
    seen = Cameras(batch.c2w[0].numpy().astype(np.float64), batch.intrinsics[0].numpy(), np.tile(np.array(size), (views, 1)))
    _write_part(folder, "train", batch.images[0].numpy(), seen)
    _write_part(folder, "test", batch.target_images[0, :UNSEEN].numpy(), batch.target_cameras[0][:UNSEEN])


def _write_part(folder: Path, part: str, images: np.ndarray, cameras: Cameras) -> None:
    from PIL import Image

    from ..poses.camera_writers import write_transforms
    from ..render.pictures import to_bytes

    (folder / part).mkdir(parents=True)
    names = [f"{part}/{index:03}.png" for index in range(len(images))]
    for name, image in zip(names, to_bytes(images), strict=True):
        opaque = np.dstack([image, np.full(image.shape[:2], 255, np.uint8)])  # the alpha channel implies a white background
        Image.fromarray(opaque).save(folder / name, compress_level=1)
    write_transforms(folder / f"transforms_{part}.json", names, cameras)
