# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of photo sets becomes a folder of results, one set after the other."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bpy

from . import worker
from .actions.reconstruct import folder_work, place
from .engine import errors, files, messages, settings, splat_files
from .interface.preferences import Worker
from .scene.cameras import look_through
from .scene.pictures import write_png
from .scene.reconstruction import splats_of
from .worker import Work

REPORT = "report.json"  # in every finished folder


@dataclass
class Tally:
    """What became of the photo sets, by their names."""

    converted: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)  # finished before
    failed: dict[str, str] = field(default_factory=dict)  # and why


@dataclass(frozen=True)
class Batch:
    """Photo sets to be reconstructed with the same settings."""

    sets: Path  # folder whose subfolders are the photo sets
    out: Path
    settings: settings.ReconstructSettings
    worker: Worker
    say: Callable[[str, str], None]  # hears the name of a set and what happens to it

    def run(self) -> Tally:
        """Do all of them; what is wrong with one does not keep the others from being done.

        Raises `TttlrmError` when the folder for the results cannot be made.
        """
        files.make_folder(self.out)
        tally = Tally()
        for folder in self._folders():
            if (self.out / folder.name / REPORT).exists():
                tally.skipped.append(folder.name)
                continue
            try:
                self._convert(folder)
                tally.converted.append(folder.name)
            except (errors.TttlrmError, OSError) as error:
                tally.failed[folder.name] = str(error)
                self.say(folder.name, f"failed. {error}")
        return tally

    def _folders(self) -> list[Path]:
        found = sorted(path for path in self.sets.iterdir() if path.is_dir() and not path.name.startswith("."))
        return [path for path in found if path != self.out]

    def _convert(self, folder: Path) -> None:
        work = folder_work(folder, self.settings)
        try:
            done = self._follow(folder.name, work)
            drawn = self._follow(folder.name, Work(work.session, "render", settings.RenderSettings(views=(0,))))
        finally:
            worker.link.forget(work.session)
        bpy.ops.wm.read_homefile(use_empty=True)
        place(folder.name, work, done)
        _look_through_first(done.info["cameras"])
        with _whole_folder(self.out / folder.name) as part:
            _write(part, folder.name, done, drawn)
        self.say(folder.name, f"{done.info['splats']:,} splats")

    def _follow(self, name: str, work: Work) -> messages.Done:
        """Wait for the end of a job. Raises `TttlrmError` when it fails."""
        for event in worker.start(work, self.worker).events():
            if isinstance(event, messages.Progress):
                self.say(name, event.stage)
            if isinstance(event, messages.Note):
                self.say(name, event.sentence)
            if isinstance(event, messages.Failed):
                raise event.error()
        return event


def _look_through_first(cameras: dict[str, Any]) -> None:
    camera = next(obj for obj in bpy.data.objects if obj.type == "CAMERA")
    look_through(bpy.context.scene, camera, cameras["sizes"][0])


def _write(folder: Path, name: str, done: messages.Done, drawn: messages.Done) -> None:
    """The files of one set; the report comes last."""
    splat_files.write_splats(folder / "splats.ply", splats_of(done.arrays), up="z")
    if "mesh.glb" in done.arrays:
        (folder / "mesh.glb").write_bytes(done.arrays["mesh.glb"].tobytes())
    write_png(folder / "preview.png", next(iter(drawn.arrays.values())) / 255)
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / f"{name}.blend"), copy=True, compress=True)
    report = {"set": name, **{key: value for key, value in done.info.items() if key != "cameras"}}
    (folder / REPORT).write_text(json.dumps(report, indent=1, ensure_ascii=False), encoding="utf-8")


@contextmanager
def _whole_folder(target: Path) -> Iterator[Path]:
    """A folder to fill; it becomes `target` when the block ends without an error, and else it vanishes."""
    if target.exists():
        raise errors.TttlrmError(f"{target} exists, but is not finished.", "Move it away.", "cannot_write")
    part = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield part
        part.chmod(0o755)
        part.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
