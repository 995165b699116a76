# SPDX-License-Identifier: GPL-3.0-or-later
"""A photo set becomes a folder: NAME.blend, splats.ply, mesh.glb and its levels of detail, pictures and report.json."""

from __future__ import annotations

import glob
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ..actions.reconstruct import place, set_work
from ..engine import errors, files, kinds, messages, results, settings, splat_files
from ..jobs import worker
from ..jobs.worker import Work
from ..narrowing import given
from ..scene.cameras import background_photo, look_through
from ..scene.compare import is_photo_camera, photo_of
from ..scene.pictures import covering, write_picture
from . import blend_files
from .interrupts import Interrupts, ending_early

OLD = "-old"  # ends the name of what is being replaced
REPORT = "report.json"  # in every finished folder
PREVIEW, PHOTO = "preview.png", "photo.png"  # a picture of the splats, and the photo of that camera
EARLY = "ended_early"  # in a report: whether Ctrl+C ended the job


@dataclass(frozen=True)
class Task:
    """A photo set, and the folder that it is to become."""

    photos: Path  # a folder or a video
    out: Path

    @property
    def name(self) -> str:
        """Of the result."""
        return self.out.name

    @property
    def failure(self) -> str:
        """What went wrong the last time, in whatever task; empty if nothing did."""
        with suppress(OSError):
            return self._failed.read_text(encoding="utf-8")
        return ""

    def note_failure(self, why: str) -> None:
        """Keep what went wrong beside the result that there is not, for overviews; an empty text forgets it."""
        with suppress(OSError):  # where nothing can be written, the console says so
            if why:
                self._failed.write_text(why, encoding="utf-8")
            else:
                self._failed.unlink(missing_ok=True)

    @property
    def _failed(self) -> Path:
        return self.out.with_name(f".{self.name}.failed")

    @property
    def report(self) -> dict[str, Any] | None:
        """The content of the report; None if there is none, or somebody changed it to something else."""
        with suppress(OSError, ValueError):
            report = json.loads((self.out / REPORT).read_text(encoding="utf-8"))
            return report if isinstance(report, dict) else None
        return None

    @property
    def made(self) -> bool:
        """Whether the folder is there, perhaps from a job that was ended early."""
        return (self.out / REPORT).exists()

    @property
    def finished(self) -> bool:
        """Whether the folder is there, and not from a job that was ended early."""
        return self.made and not (self.report or {}).get(EARLY)


@dataclass(frozen=True)
class Made:
    """How a folder came to be."""

    lacks: str = ""  # why there is no mesh, though one was wanted
    early: bool = False  # whether Ctrl+C ended the job


def make(task: Task, wanted: settings.ReconstructSettings, keep_scene: bool, say: Callable[[str], None]) -> Made:
    """Reconstruct the photos, and write the folder, in place of one that is there.

    `keep_scene` lets the worker keep what decoding again needs; `say` hears what happens. If the mesh fails or Ctrl+C is
    pressed, the splats so far are written. Raises `TttlrmError`, and `KeyboardInterrupt` while there are no splats yet.
    """
    if task.out.exists() and not task.made:
        raise errors.TttlrmError("{} exists, but is not finished.", task.out, hint="Move it away.", code=errors.Code.CANNOT_WRITE)
    files.require_folder(task.out.parent, room=files.LEAST_ROOM)
    with ending_early() as interrupts:
        work, notes = set_work(task.photos, wanted), list[str]()
        try:
            result = _follow(work, say, notes, interrupts)
            drawn = _follow(Work(work.session, kinds.RENDER, settings.RenderSettings(views=(0,))), say, notes)
        except errors.Cancelled:
            if interrupts.asked:
                raise KeyboardInterrupt from None
            raise
        finally:
            if not keep_scene:
                worker.link.forget(work.session)
        blend_files.begin()
        place(task.name, work, result)
        photo = _look_through_first(result.cameras)
        lacks = " ".join(notes) if wanted.mesh and not result.mesh else ""
        with _whole_folder(task.out) as part:
            _write_pictures(part, next(iter(drawn.pictures.values())), photo)
            _write(part, task.name, result, {"notes": notes, EARLY: interrupts.asked})
        say(f"{len(result.gaussians):,} splats{', no mesh' if lacks else ''}")
    return Made(lacks, interrupts.asked)


def _follow(work: Work, say: Callable[[str], None], notes: list[str], interrupts: Interrupts | None = None) -> Any:
    """The result of a job, which interrupts may end early. Raises `TttlrmError` when it fails. Adds to the notes."""

    def hear(event: messages.Event) -> None:
        if isinstance(event, messages.Progress):
            say(event.stage)
        if isinstance(event, messages.Note):
            notes.append(str(event.text))
            say(notes[-1])

    job = worker.start(work)
    if interrupts:
        interrupts.job = job
        if interrupts.asked:
            job.finish()
    try:
        return job.result(hear)
    finally:
        if interrupts:
            interrupts.job = None


def _look_through_first(cameras: results.CameraTable) -> bpy.types.Image | None:
    """Look through the camera of the first photo; gives the photo as Blender shows it, if it does."""
    camera = next(obj for obj in bpy.data.objects if is_photo_camera(obj) and photo_of(obj) == cameras.names[0])
    look_through(given(bpy.context.scene), camera, tuple(cameras.sizes[0].tolist()))
    return background_photo(camera)


def _write_pictures(
    folder: Path,
    drawn: np.ndarray,  # [H, W, 3] uint8
    photo: bpy.types.Image | None,
) -> None:
    """What the splats show from the first camera, and the photo from there, as far as that is in the picture."""
    height, width, _ = drawn.shape
    write_picture(folder / PREVIEW, drawn / 255)
    seen = covering(photo, width, height) if photo else None
    if seen is not None:
        write_picture(folder / PHOTO, seen)


def _write(folder: Path, name: str, result: results.ReconstructResult, course: dict[str, Any]) -> None:
    """The files of one set but pictures; the report comes last."""
    splat_files.write_splats(folder / "splats.ply", result.gaussians, up="z")
    if result.mesh:
        levels = {"mesh": result.mesh, "mesh_lod1": result.mesh.lod1, "mesh_lod2": result.mesh.lod2}
        for stem, level in levels.items():
            if level:
                (folder / f"{stem}.glb").write_bytes(level.glb.tobytes())
    blend_files.save(folder / f"{name}.blend")
    report = {"set": name, **result.report(), **course}
    (folder / REPORT).write_text(json.dumps(report, indent=1, ensure_ascii=False), encoding="utf-8")


@contextmanager
def _whole_folder(target: Path) -> Iterator[Path]:
    """A folder to fill; it becomes `target` when the block ends without an error, and else it vanishes."""
    _sweep(target)
    part = Path(tempfile.mkdtemp(prefix=f".{target.name}.part-", dir=target.parent))
    try:
        yield part
        part.chmod(0o755)
        _put(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _sweep(target: Path) -> None:
    """Remove what a killed process left beside `target`, which no other works on now; an old `target` gets its name back."""
    part = glob.escape(f".{target.name}.part-") + 8 * "?"
    for left in [*target.parent.glob(part), *target.parent.glob(part + OLD)]:
        if left.name.endswith(OLD) and not target.exists():
            left.rename(target)
        else:
            shutil.rmtree(left, ignore_errors=True)


def _put(part: Path, target: Path) -> None:
    """Rename a folder, in place of one that may be there; that one stays when the new one cannot have its name."""
    old = part.with_name(f"{part.name}{OLD}")
    if target.exists():
        target.rename(old)
    try:
        part.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)
