# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure reconstructions on held-out photos.

Reconstructs each folder without its held-out photos, and prints PSNR, SSIM and, with --lpips, LPIPS over these; writes
nothing except the pictures requested. Splats are measured as the network decodes them; --quality good refines them first.
Data sets with their own test photos (NeRF-synthetic) are measured on those. PHOTOS may be the word “procedural” for generated
scenes that no training run has seen, by default with 8 views of 128x128.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..argument_types import whole
from ..atomic_files import LEAST_ROOM, require_folder
from ..errors import TttlrmError
from ..protocol.settings import DRAFT, ReconstructSettings
from ..scratch import Scratch
from ..stages import Stage
from .comparisons import write_comparisons
from .options import add_reconstruct_options, reconstruct_settings
from .picture_names import unique
from .procedural import SIZE, VIEWS, write_scene
from .tables import mean_of, table

if TYPE_CHECKING:
    from ..progress import Report
    from ..render.perceptual import Lpips

PROCEDURAL = "procedural"  # the word instead of a folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's options."""
    parser.add_argument("photos", nargs="+", metavar="PHOTOS", help="folders of photos, videos, or the word procedural")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON on standard output")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="write each held-out photo, its rendering and the error")
    parser.add_argument("--lpips", type=Path, metavar="FILE", help="measure LPIPS too, with the weights in this file")
    parser.add_argument("--scenes", type=whole(1), default=64, metavar="N", help="number of procedural scenes (default: 64)")
    parser.add_argument(
        "--captured", type=whole(2), default=0, metavar="N", help="photos of a procedural scene (default: as --views)"
    )
    add_reconstruct_options(parser, ReconstructSettings(hold_out=8, refine=DRAFT))


def run(args: argparse.Namespace) -> int:
    """Reconstruct each folder and print a row for it, and the mean of several. A failure does not stop the others."""
    if args.pictures:
        require_folder(args.pictures, room=LEAST_ROOM)
    settings, lpips = reconstruct_settings(args), load_lpips(args.lpips)
    settings = replace(settings, hold_out=max(settings.hold_out, 1))
    folders = picture_folders(args.photos, args.pictures)
    rows: dict[str, dict[str, Any]] = {}
    failed: list[TttlrmError] = []
    for name in args.photos:
        try:
            rows[name] = figures_of(name, args.scenes, Measure(settings, folders.get(name), lpips, args.captured))
        except TttlrmError as error:
            failed.append(error)
            if len(args.photos) > 1:
                print(f"{name} is skipped. {error}", file=sys.stderr)
    if not rows:
        raise failed[0]
    if len(args.photos) > 1:
        rows["mean"] = mean_of(list(rows.values()))
    print(json.dumps(rows if len(args.photos) > 1 else rows[args.photos[0]]) if args.json else table(rows))
    return 1 if failed else 0


def figures_of(name: str, scenes: int, measure: Measure) -> dict[str, Any]:
    """The figures of a folder, or of a number of procedural scenes, with progress on the console."""
    from .console import Console

    report = Console()
    try:
        return measure.procedural(scenes, report) if name == PROCEDURAL else measure.folder(Path(name), report)
    finally:
        report.close()


@dataclass(frozen=True)
class Measure:
    """Measures data sets."""

    settings: ReconstructSettings
    pictures: Path | None = None  # folder for comparisons
    lpips: Lpips | None = None
    captured: int = 0  # photos of each procedural scene, of which the network reads some; 0 for as many as the network reads

    def folder(self, photos: Path, report: Report) -> dict[str, Any]:
        """The figures of one folder of photos."""
        from ..pipeline.jobs import reconstruct
        from ..pipeline.scene import Scene
        from ..render.perceptual import evaluate_lpips

        scene = Scene(photos)
        figures = reconstruct(scene, self.settings, report).report()
        held_out = scene.reconstruction().photos.held_out
        assert held_out is not None, "without held-out photos there is no reconstruction"
        if self.lpips:
            figures["lpips"] = evaluate_lpips(scene.splats(), held_out, self.lpips)
        if self.pictures:
            write_comparisons(self.pictures, scene.splats(), held_out)
        return figures

    def procedural(self, scenes: int, report: Report) -> dict[str, Any]:
        """The mean figures of held-out procedural scenes, each reconstructed like a folder of photos."""
        rows = []
        for number in range(scenes):
            report(Stage.PROCEDURAL, number / scenes)
            rows.append(self._scene(number))
        return {"scenes": scenes, **mean_of(rows)}

    def _scene(self, number: int) -> dict[str, Any]:
        from ..progress import Report

        views, (width, height) = self.settings.views or VIEWS, _size(self.settings)
        settings = replace(self.settings, views=views, width=width, height=height)
        pictures = self.pictures and self.pictures / f"{number:03}"
        with Scratch() as folder:
            write_scene(folder, number, self.captured or views, (width, height))
            return replace(self, settings=settings, pictures=pictures).folder(folder, Report())


def load_lpips(file: Path | None) -> Lpips | None:
    """The LPIPS network in a file; None without a file. Raises `TttlrmError`."""
    from ..render.perceptual import Lpips

    return Lpips(file) if file else None


def picture_folders(names: list[str], root: Path | None) -> dict[str, Path]:
    """A folder in `root` for the pictures of each data set; empty without a root."""
    if root is None:
        return {}
    names = list(dict.fromkeys(names))
    own = unique([Path(name).resolve().name for name in names])
    return {name: root / folder for name, folder in zip(names, own, strict=True)}


def _size(settings: ReconstructSettings) -> tuple[int, int]:
    return (settings.width, settings.height) if settings.width else SIZE
