# SPDX-License-Identifier: GPL-3.0-or-later
"""The quality of drafts while photos come in, four at a time: all read again, as in a scene that grows, or streamed.

python -m benchmarks.stream PHOTOS [--views 16] [--size 270x480] [--checkpoint FILE] [--order spread|name]
python -m benchmarks.stream procedural [--scenes 8]

PSNR is that of every 8th photo, or of the data set's own test photos, from the start; of procedural scenes, held out from
training, the mean over scenes. The first four photos set the frame of
the stream. The order "spread" takes photos from all sides first, "name" neighbors. The last row is the scan in chunks of four.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.table import Row, show
from tttlrm_blender.commands.option_forms import size
from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.geometry.similarity import Similarity, normalize
from tttlrm_blender.model.memory import VIEWS_PER_UPDATE, SceneMemory, encode
from tttlrm_blender.model.network import TttLRM
from tttlrm_blender.model.stream import extend
from tttlrm_blender.photos.load import WHITE, PhotoSet, load_photos
from tttlrm_blender.pipeline.networks import load_network
from tttlrm_blender.pipeline.scene import Scene, in_world
from tttlrm_blender.pipeline.steps import MOST_PIXELS, load, network_size
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import DecodeSettings, ReconstructSettings
from tttlrm_blender.render.device import best_device
from tttlrm_blender.render.metrics import evaluate_psnr
from tttlrm_blender.train.batches import Shape, make_batch
from tttlrm_blender.train.plan import HELD_OUT, UNSEEN
from tttlrm_blender.train.sampling import generator_for

SIZE = 128, 128  # of procedural pictures


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--poses", default="")
    parser.add_argument("--views", type=int, default=16)
    parser.add_argument("--size", type=size, default=(0, 0))
    parser.add_argument("--checkpoint", default="default")
    parser.add_argument("--order", choices=("spread", "name"), default="spread")
    parser.add_argument("--scenes", type=int, default=8)
    options = parser.parse_args()
    model = load_network(options.checkpoint)
    if str(options.photos) == "procedural":
        show(means([list(rows(model, *procedural(scene, options.views))) for scene in range(options.scenes)]))
        return
    width, height = options.size
    settings = ReconstructSettings(poses=options.poses, views=options.views, width=width, height=height, hold_out=8)
    photos = load(Scene(options.photos), options.views, settings, Report())
    step = max(1, len(photos.chosen) // VIEWS_PER_UPDATE) if options.order == "spread" else 1
    photos.chosen = [photo for first in range(step) for photo in photos.chosen[first::step]]
    read = network_size(*photos.size, model.config.patch_size, MOST_PIXELS[best_device().type])
    assert photos.held_out is not None
    show(rows(model, load_photos(photos.chosen, *read), photos.held_out))


def procedural(scene: int, views: int) -> tuple[PhotoSet, PhotoSet]:
    """Input views of a held-out procedural scene, in random order, and unseen ones."""
    batch = make_batch(generator_for(HELD_OUT, scene), Shape(1, views, UNSEEN, SIZE))
    c2w, intrinsics = (part[0].double().numpy() for part in (batch.c2w, batch.intrinsics))
    cameras = Cameras(c2w, intrinsics, np.tile(SIZE, (views, 1)))
    names = [str(view) for view in range(views)]
    unseen = PhotoSet(names[:UNSEEN], batch.target_images[0, :UNSEEN].numpy(), batch.target_cameras[0][:UNSEEN], WHITE)
    return PhotoSet(names, batch.images[0].numpy(), cameras, WHITE), unseen


def means(scenes: list[list[Row]]) -> Iterator[Row]:
    """Mean figures of the rows of several scenes."""
    for same in zip(*scenes, strict=True):
        yield Row(same[0].what, float(np.mean([row.figure for row in same])), unit="dB")


def rows(model: TttLRM, views: PhotoSet, held_out: PhotoSet) -> Iterator[Row]:
    """The quality of growing scenes, of the stream, and of the scan in chunks."""
    for last in range(VIEWS_PER_UPDATE, len(views) + 1, VIEWS_PER_UPDATE):
        yield row(f"{last} photos at once", model, *at_once(model, views, last), held_out)
    for memory, similarity in streamed(model, views):
        yield row(f"{len(memory.c2w)} photos streamed", model, memory, similarity, held_out)
    yield row("all in chunks", model, *at_once(model, views, len(views), VIEWS_PER_UPDATE), held_out)


def at_once(model: TttLRM, views: PhotoSet, count: int, chunk: int | None = None) -> tuple[SceneMemory, Similarity]:
    """The memory of the first views, and the similarity from the world of the cameras to its frame."""
    cameras, similarity = normalize(views.cameras[:count])
    return encode(model, views.images[:count], cameras.c2w, cameras.intrinsics, chunk), similarity


def streamed(model: TttLRM, views: PhotoSet) -> Iterator[tuple[SceneMemory, Similarity]]:
    """The memory and the similarity after each chunk."""
    similarity = normalize(views.cameras[:VIEWS_PER_UPDATE])[1]
    cameras = similarity.cameras(views.cameras)
    memory = None
    for first in range(0, len(views), VIEWS_PER_UPDATE):
        some = slice(first, first + VIEWS_PER_UPDATE)
        given = views.images[some], cameras.c2w[some], cameras.intrinsics[some]
        memory = extend(model, memory, *given) if memory else encode(model, *given)
        yield memory, similarity


def row(name: str, model: TttLRM, memory: SceneMemory, similarity: Similarity, held_out: PhotoSet) -> Row:
    """The quality of the draft of a memory."""
    return Row(name, evaluate_psnr(in_world(model, memory, similarity, DecodeSettings()), held_out), unit="dB")


if __name__ == "__main__":
    main()
