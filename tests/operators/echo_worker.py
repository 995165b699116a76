# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker whose results tell what its jobs started from, bit for bit. It has the product's server and no torch."""

from dataclasses import replace

import numpy as np

from tests.operators.toy_worker import SPLATS, Scene, make_cameras, make_splats
from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.pipeline.job_kind import JobKind, by_name
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol import kinds
from tttlrm_blender.protocol.results import (
    DecodeResult,
    MeshResult,
    ReconstructResult,
    Refinement,
    RefineResult,
    Surface,
)
from tttlrm_blender.protocol.settings import DecodeSettings, ExtendSettings, MeshSettings, ReconstructSettings, RefineSettings
from tttlrm_blender.worker.program import Registry, main

STEP = 0.5  # how far a step of refinement moves splats


def refined(gaussians: Gaussians[np.ndarray], steps: int) -> Gaussians[np.ndarray]:
    """Splats after a refinement."""
    return replace(gaussians, means=gaussians.means + np.float32(STEP * steps), antialiased=True)


def draft() -> Gaussians[np.ndarray]:
    """Splats of which no two look alike."""
    splats = make_splats(SPLATS)
    splats.sh[:, 0, 0] = np.arange(SPLATS)
    return splats


def reconstruct(scene: Scene, settings: ReconstructSettings, report: Report) -> ReconstructResult:
    """A draft."""
    return ReconstructResult(draft(), make_cameras(["1.png"]), 1, {})


def decode(scene: Scene, settings: DecodeSettings, report: Report) -> DecodeResult:
    """The same draft."""
    return DecodeResult(draft())


def refine(scene: Scene, settings: RefineSettings, report: Report) -> RefineResult:
    """What it started from, moved, or as it is where that is said to be no better."""
    if settings.start == "points":
        return RefineResult(scene.start.gaussians, refinement=Refinement(settings.steps, 4, psnr=30.0, improved=False))
    how = Refinement(settings.steps, 4, psnr=30.0, continued=scene.start.refined)
    return RefineResult(refined(scene.start.gaussians, settings.steps), refinement=how)


def extend(scene: Scene, settings: ExtendSettings, report: Report) -> ReconstructResult:
    """A new draft of splats that nobody has made better, others moved by one step, or as they are without refinement."""
    start = scene.start
    if not (start.refined or start.edited):
        return reconstruct(scene, ReconstructSettings(), report)
    if not settings.refine.wanted:
        return ReconstructResult(start.gaussians, make_cameras(["1.png"]), 1, {})
    how = Refinement(1, 4, psnr=30.0, continued=start.refined)
    return ReconstructResult(refined(start.gaussians, 1), make_cameras(["1.png"]), 1, {}, refinement=how)


def mesh(scene: Scene, settings: MeshSettings, report: Report) -> MeshResult:
    """Corners where it started from splats, in one face."""
    means = scene.start.gaussians.means
    return MeshResult(Surface(means, np.zeros((1, 3), np.int32), means, np.frombuffer(b"glTF", np.uint8)))


JOBS = by_name(
    JobKind(kinds.RECONSTRUCT, reconstruct),
    JobKind(kinds.EXTEND, extend),
    JobKind(kinds.DECODE, decode),
    JobKind(kinds.REFINE, refine),
    JobKind(kinds.MESH, mesh),
)

if __name__ == "__main__":
    main(load=lambda: Registry(JOBS, Scene))
