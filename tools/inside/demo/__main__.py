# SPDX-License-Identifier: GPL-3.0-or-later
"""Photograph Suzanne, let the worker reconstruct her, and show the result in Blender."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import bpy

from operators import register
from operators.actions.reconstruct import place, set_work
from operators.engine import errors, messages, results, settings
from operators.jobs import worker

from . import picture, suzanne

HOLD_OUT = 8


def main(arguments: list[str]) -> int:
    """Run the demo; return the exit status."""
    options = _parser().parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    wanted = settings.ReconstructSettings(
        hold_out=HOLD_OUT,
        checkpoint=options.checkpoint,
        refine=settings.RefineSettings(steps=options.refine),
        mesh=settings.MeshSettings(),
    )
    try:
        _run(options.out.resolve(), wanted)
    except errors.TttlrmError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        worker.link.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.inside.demo", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the results (default: %(default)s)")
    parser.add_argument("--refine", type=int, default=600, metavar="STEPS", help="optimization steps (default: %(default)s)")
    parser.add_argument(
        "--checkpoint", default="default", metavar="FILE", help="weights of the network (default: the included ones)"
    )
    return parser


def _run(out: Path, wanted: settings.ReconstructSettings) -> None:
    print(f"Blender {bpy.app.version_string} photographs Suzanne from {suzanne.VIEWS} sides …", flush=True)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    suzanne.photograph(out / "photos")
    bpy.ops.wm.read_factory_settings(use_empty=True)
    register()
    result, splats = _reconstruct(out / "photos", wanted)
    mesh = next(obj for obj in splats.users_collection[0].objects if obj.type == "MESH")
    cameras = [obj for obj in sorted(bpy.data.objects, key=lambda obj: obj.name) if obj.type == "CAMERA"]
    print("Blender renders the held-out views …", flush=True)
    in_blender = picture.compare(cameras[::HOLD_OUT], splats, mesh, out / "demo.png")
    bpy.ops.wm.save_as_mainfile(filepath=str(out / "demo.blend"), check_existing=False)
    _tell(result, in_blender, out)


def _reconstruct(folder: Path, wanted: settings.ReconstructSettings) -> tuple[results.ReconstructResult, bpy.types.Object]:
    work = set_work(folder, wanted)
    result = worker.start(work).result(on_event=Stages())
    return result, place("Suzanne", work, result)


class Stages:
    """Prints each stage of a job as it starts."""

    def __init__(self) -> None:
        self._stage, self._began = "", time.monotonic()

    def __call__(self, event: messages.Event) -> None:
        """Print the stage of an event if it is new."""
        stage = getattr(event, "stage", self._stage)
        if stage != self._stage:
            self._stage = stage
            print(f"{time.monotonic() - self._began:6.1f} s  {stage}", flush=True)


def _tell(result: results.ReconstructResult, in_blender: float, out: Path) -> None:
    assert result.figures, "photos are held out"
    refined, decoded = result.figures, result.decoded or result.figures
    print(f"{len(result.gaussians):,} splats from {result.views} photos in {sum(result.seconds.values()):.0f} s")
    print(f"held-out views, decoded: PSNR {decoded.psnr:.2f} dB, SSIM {decoded.ssim:.3f}")
    print(f"held-out views, refined: PSNR {refined.psnr:.2f} dB, SSIM {refined.ssim:.3f}")
    print(f"the same, rendered by Cycles and blended as trained: PSNR {in_blender:.2f} dB")
    print(f"See {out / 'demo.png'} and {out / 'demo.blend'}.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
