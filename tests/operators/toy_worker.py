# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker that speaks and answers as the product's own does, but makes up its splats: quick, and without torch."""

import os
import signal
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from tttlrm_blender.errors import TttlrmError, text
from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.pipeline.job_kind import JobKind, JobResult
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import (
    DecodeSettings,
    ExtendSettings,
    MeshSettings,
    ReconstructSettings,
    RefineSettings,
    RenderSettings,
)
from tttlrm_blender.protocol.settings_json import to_json
from tttlrm_blender.worker.program import Registry, main

SPLATS = 12
SIZE = (32, 24)
COARSEST = 100.0  # voxels of which there is a mesh


@dataclass
class Scene:
    """What was asked of it last."""

    folder: Path
    files: list[str] = field(default_factory=list)


def reconstruct(scene: Scene, settings: ReconstructSettings, report: Report) -> JobResult:
    """Says which files and settings it was given. A file named `broken.json` or `deadly.json` is obeyed."""
    scene.files = sorted(path.relative_to(scene.folder).as_posix() for path in scene.folder.rglob("*") if path.is_file())
    if "broken.json" in scene.files:
        raise TttlrmError("The photo {} is cut off.", "2.png", hint="Copy it again.", code="bad_photo")
    if "deadly.json" in scene.files:
        os.kill(os.getpid(), signal.SIGKILL)
    for step in range(settings.refine.steps):  # each a tenth of a second, with previews, for tests with a window
        report("refine", step / settings.refine.steps)
        report.preview(partial(_splats, SPLATS + step))
        time.sleep(0.1)
    names = [name for name in scene.files if name.endswith(".png")] or ["frame_000001.jpg"]
    info = {"views": len(names), "splats": SPLATS, "seconds": {"load": 0.0}, "files": scene.files, "settings": to_json(settings)}
    too_coarse = settings.mesh and settings.mesh.voxel > COARSEST
    if too_coarse:
        report.note(text("There is no mesh: {}", "the voxels are too large."))
    arrays = _arrays(SPLATS) | (_mesh() if settings.mesh and not too_coarse else {})
    return JobResult(info | {"cameras": _cameras(names)}, arrays)


def extend(scene: Scene, settings: ExtendSettings, report: Report) -> JobResult:
    """Says what `reconstruct` says of all the files that are there now, with a splat more for each new one."""
    before = len(scene.files)
    result = reconstruct(scene, ReconstructSettings(refine=settings.refine), report)
    splats = SPLATS + len(scene.files) - before
    return JobResult(result.info | {"splats": splats, "settings": to_json(settings)}, _arrays(splats))


def decode(scene: Scene, settings: DecodeSettings, report: Report) -> JobResult:
    """As many splats as are allowed, of them those in the crop box."""
    splats = _splats(settings.max_splats)
    if settings.crop:
        matrix = np.reshape(settings.crop, (4, 4))
        splats = splats[(np.abs(splats.means @ matrix[:3, :3].T + matrix[:3, 3]) <= 1).all(axis=1)]
    return JobResult({"splats": len(splats)}, {f"gaussians.{name}": array for name, array in splats.arrays().items()})


def refine(scene: Scene, settings: RefineSettings, report: Report) -> JobResult:
    """As many splats as steps; takes as long as it is given."""
    report("refine", 0.0)
    until = time.monotonic() + settings.seconds
    while time.monotonic() < until:
        report("refine", 0.5)
        report.preview(partial(_splats, 2))
        time.sleep(0.01)
    return JobResult({"splats": settings.steps}, _arrays(settings.steps))


def mesh(scene: Scene, settings: MeshSettings, report: Report) -> JobResult:
    """One triangle."""
    return JobResult({"faces": 1}, _mesh())


def render(scene: Scene, settings: RenderSettings, report: Report) -> JobResult:
    """A picture that is red at the top left and black elsewhere."""
    image = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    image[0, 0, 0] = 255
    return JobResult({"pictures": ["1.png"]}, {"image.1.png": image})


def _splats(count: int) -> Gaussians:
    ones = np.ones((count, 4), np.float32)
    means = np.arange(count * 3, dtype=np.float32).reshape(-1, 3)
    return Gaussians(means, ones / 2, ones[:, :3], ones[:, 0] / 2, np.repeat(ones[:, None, :3], 4, axis=1))


def _arrays(count: int) -> dict[str, np.ndarray]:
    return {f"gaussians.{name}": array for name, array in _splats(count).arrays().items()}


def _mesh() -> dict[str, np.ndarray]:
    colors = np.ones((3, 3), np.float32)
    glb = np.frombuffer(b"glTF", np.uint8)
    return {
        "mesh.vertices": np.eye(3, dtype=np.float32),
        "mesh.faces": np.array([[0, 1, 2]], np.int32),
        "mesh.colors": colors,
        "mesh.glb": glb,
    }


def _cameras(names: list[str]) -> dict[str, list]:
    poses = [np.eye(4).tolist()] * len(names)
    return {
        "names": names,
        "c2w": poses,
        "intrinsics": [[30.0, 30.0, 16.0, 12.0]] * len(names),
        "sizes": [list(SIZE)] * len(names),
    }


JOBS = {
    "reconstruct": JobKind(ReconstructSettings, reconstruct),
    "extend": JobKind(ExtendSettings, extend),
    "decode": JobKind(DecodeSettings, decode),
    "refine": JobKind(RefineSettings, refine),
    "mesh": JobKind(MeshSettings, mesh),
    "render": JobKind(RenderSettings, render),
}

if __name__ == "__main__":
    main(load=lambda: Registry(JOBS, Scene))
