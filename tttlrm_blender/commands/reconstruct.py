# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn a folder of photos, or a video, into splats, and a mesh with --mesh.

Writes splats.ply (or another --format), cameras.json, report.json, mesh.glb with --mesh (or another --mesh-format), and with
--hold-out a picture of each held-out photo beside its rendering and the error. Ctrl+C during refinement keeps the splats so far
and writes them; a second Ctrl+C stops at once.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..gaussians.formats.registry import FORMATS, write_splats
from .comparisons import write_comparisons
from .options import add_reconstruct_options, reconstruct_settings

if TYPE_CHECKING:
    from ..pipeline.scene import Scene
    from ..progress import Report
    from ..protocol.results import ReconstructResult

MESHES = ("glb", "obj", "ply", "stl")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's options."""
    parser.add_argument("photos", type=Path, metavar="PHOTOS", help="folder of photos, or a video")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the results (default: out/NAME of the photos)")
    formats = [kind.suffix[1:] for kind in FORMATS]
    parser.add_argument("--format", choices=formats, default="ply", help="format of the splats (default: %(default)s)")
    parser.add_argument("--mesh-format", choices=MESHES, default="glb", help="format of the mesh (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON on standard output")
    add_reconstruct_options(parser)


def run(args: argparse.Namespace) -> int:
    """Reconstruct, write the results and print a summary; returns 1 if a requested mesh could not be made."""
    from ..atomic_files import LEAST_ROOM, require_folder
    from ..outlook.paces import learn
    from ..pipeline.jobs import Clock, reconstruct
    from ..pipeline.scene import Scene
    from .console import Console

    photos = args.photos.resolve()
    out = args.out or Path("out") / (photos.stem if photos.is_file() else photos.name)
    require_folder(out, f"splats.{args.format}", "cameras.json", "report.json", f"mesh.{args.mesh_format}", room=LEAST_ROOM)
    scene, report, settings = Scene(args.photos), Console(), reconstruct_settings(args)
    with report.finishing_on_interrupt():
        result = reconstruct(scene, settings, report, by_photo=True)
    if not report.finishing:
        learn(report.journey.paces)
    clock = Clock()
    with clock("write"):
        _write(out, scene, result, args.format, args.mesh_format, report)
    report.close()
    figures = result.report()
    figures["seconds"] |= clock.seconds
    _write_json(out / "report.json", figures)
    print(f"{figures['splats']} splats from {figures['views']} photos are in {out}", file=sys.stderr)
    print(json.dumps(figures) if args.json else summary(figures))
    return 0 if settings.mesh is None or result.mesh else 1


def summary(figures: dict[str, Any]) -> str:
    """The figures of a reconstruction in words."""
    spent = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in figures["seconds"].items())
    quality = f"held-out PSNR {figures['psnr']:.2f} dB, SSIM {figures['ssim']:.3f}; " if "psnr" in figures else ""
    refinement = figures.get("refinement", {})
    judged = (
        f"PSNR {refinement['psnr']:.2f} dB over {refinement['set_aside']} photos set aside; " if refinement.get("psnr") else ""
    )
    return f"{judged}{quality}{spent}"


def _write(out: Path, scene: Scene, result: ReconstructResult, kind: str, mesh_kind: str, report: Report) -> None:
    from ..atomic_files import make_folder
    from ..mesh.files import write_mesh

    make_folder(out)
    write_splats(out / f"splats.{kind}", scene.splats(), up="z")
    _write_json(out / "cameras.json", result.cameras.to_json())
    if result.mesh and scene.state.mesh:
        write_mesh(out / f"mesh.{mesh_kind}", scene.state.mesh, report.note)
    held_out = scene.reconstruction().photos.held_out
    if held_out:
        write_comparisons(out / "held_out", scene.splats(), held_out)


def _write_json(path: Path, values: Any) -> None:
    from ..atomic_files import replacing

    with replacing(path) as part:
        part.write_text(json.dumps(values, indent=1), encoding="utf-8")
