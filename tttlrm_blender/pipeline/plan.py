# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells at the beginning of a job which steps it has, and about how long they take."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from ..errors import TttlrmError
from ..outlook.expected import Photos, expected_seconds, this_machine
from ..outlook.paces import known_paces, learn_gpu
from ..photo_files import image_files
from ..photos.images import image_size
from ..poses.view_files import poses_beside
from ..progress import Report
from ..protocol.settings import DRAFT, ExtendSettings, MeshSettings, ReconstructSettings, RefineSettings
from ..render.device import drawing_device
from ..stages import Step
from .scene import ScenePhotos

FRAMES, FRAME = 100, (1920, 1080)  # of a video, before its frames are there


def reconstruction(folder: Path, settings: ReconstructSettings, report: Report) -> None:
    """The plan of a reconstruction of the photos in a folder, or of a video."""
    side = max(settings.width, settings.height)
    _tell(_photos_in(folder, settings.poses), settings.refine, settings.mesh, report, list(Step), side)


def extension(photos: ScenePhotos, settings: ExtendSettings, report: Report) -> None:
    """The plan of adding photos to a scene."""
    others = set(Step) - {Step.CAMERAS}  # which begins where poses have to be estimated
    _tell(_photos_of(photos), settings.refine, settings.mesh, report, others, max(photos.size))


def refinement(photos: ScenePhotos, settings: RefineSettings, report: Report) -> None:
    """The plan of a refinement."""
    _tell(_photos_of(photos), settings, None, report, (Step.DEPTH, Step.REFINE), max(photos.size))


def surface(photos: ScenePhotos, settings: MeshSettings, report: Report) -> None:
    """The plan of making a mesh."""
    _tell(_photos_of(photos), DRAFT, settings, report, (Step.MESH,), max(photos.size))


def _tell(
    photos: Photos, refine: RefineSettings, mesh: MeshSettings | None, report: Report, steps: Collection[Step], side: int
) -> None:
    machine = this_machine(drawing_device().type == "cuda")
    learn_gpu(machine.gpu)
    expected = expected_seconds(photos, refine, mesh, machine, known_paces(), side)
    report.plan({step: seconds for step, seconds in expected.items() if step in steps})


def _photos_of(photos: ScenePhotos) -> Photos:
    return Photos(len(photos.files), photos.files[0].width, photos.files[0].height, posed=True)


def _photos_in(folder: Path, poses: str) -> Photos:
    """What a first look at a folder tells; faults in it are for those who read it to raise."""
    try:
        images = image_files(folder) if folder.is_dir() else []
        size = image_size(images[0]) if images else FRAME
        posed = poses != "estimate" and (poses != "auto" or (folder.is_dir() and poses_beside(folder, Report()) is not None))
    except TttlrmError:
        images, size, posed = [], FRAME, True
    return Photos(len(images) or FRAMES, *size, posed)
