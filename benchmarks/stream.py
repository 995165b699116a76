# SPDX-License-Identifier: GPL-3.0-or-later
"""The quality of drafts while photos come in, four at a time: all read again, as in a scene that grows, or streamed.

python -m benchmarks.stream PHOTOS [--views 16] [--size 270x480] [--checkpoint FILE] [--order spread|name]

PSNR is that of every 8th photo, or of the data set's own test photos, from the start. The first four photos set the frame of
the stream. The order "spread" takes photos from all sides first, "name" neighbors. The last row is the scan in chunks of four.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from benchmarks.table import Row, show
from tttlrm_blender.commands.option_forms import size
from tttlrm_blender.geometry.similarity import Similarity, normalize
from tttlrm_blender.model.memory import VIEWS_PER_UPDATE, SceneMemory, encode
from tttlrm_blender.model.network import TttLRM
from tttlrm_blender.model.stream import extend
from tttlrm_blender.photos.load import PhotoSet, load_photos
from tttlrm_blender.pipeline.networks import load_network
from tttlrm_blender.pipeline.scene import Scene, ScenePhotos, in_world
from tttlrm_blender.pipeline.steps import MOST_PIXELS, load, network_size
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import DecodeSettings, ReconstructSettings
from tttlrm_blender.render.device import best_device
from tttlrm_blender.render.metrics import evaluate_psnr


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--poses", default="")
    parser.add_argument("--views", type=int, default=16)
    parser.add_argument("--size", type=size, default=(0, 0))
    parser.add_argument("--checkpoint", default="default")
    parser.add_argument("--order", choices=("spread", "name"), default="spread")
    options = parser.parse_args()
    width, height = options.size
    settings = ReconstructSettings(poses=options.poses, views=options.views, width=width, height=height, hold_out=8)
    photos = load(Scene(options.photos), options.views, settings, Report())
    step = max(1, len(photos.chosen) // VIEWS_PER_UPDATE) if options.order == "spread" else 1
    photos.chosen = [photo for first in range(step) for photo in photos.chosen[first::step]]
    show(rows(load_network(options.checkpoint), photos))


def rows(model: TttLRM, photos: ScenePhotos) -> Iterator[Row]:
    """The quality of growing scenes, of the stream, and of the scan in chunks."""
    views = load_photos(photos.chosen, *network_size(*photos.size, model.config.patch_size, MOST_PIXELS[best_device().type]))
    held_out = photos.held_out
    assert held_out is not None
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
