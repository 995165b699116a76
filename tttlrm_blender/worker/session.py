# SPDX-License-Identifier: GPL-3.0-or-later
"""One scene on the worker: the folder of its uploaded files, and its state."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from ..atomic_files import make_folder, unwritable
from ..errors import Code, TttlrmError
from ..photo_files import is_plain
from ..protocol.start import is_start
from .limits import Limits

INCOMING = "incoming"  # folder of incomplete uploads
STARTS = 8  # splats to start from that are kept beside those of jobs that wait; older ones make room


def sweep_scene(folder: Path) -> None:
    """Delete the incomplete files in a scene's folder that a killed worker left there."""
    shutil.rmtree(folder / INCOMING, ignore_errors=True)
    for part in [*folder.glob(".*"), *folder.glob("cache/*/.*")]:  # of `replacing`
        with suppress(OSError):
            part.unlink()


class Session:
    """One scene. It outlives connections and the worker until it is forgotten."""

    def __init__(self, folder: Path, make_scene: Callable[[Path], Any], limits: Limits) -> None:
        """Open the scene in a folder, created if it is missing, and delete incomplete files there. Raises `TttlrmError`."""
        self.folder = folder.resolve()
        self.photos, self._incoming = self.folder / "photos", self.folder / INCOMING
        sweep_scene(self.folder)
        for part in (self.photos, self._incoming):
            make_folder(part)
        self.jobs = 0  # number that are waiting or running
        self._make_scene, self._scene = make_scene, None
        self._limits = limits
        files = [path for path in self.photos.rglob("*") if path.is_file()]
        self._stored = {path.relative_to(self.photos).as_posix(): path.stat().st_size for path in files}  # bytes of files by path
        self._stored_bytes = sum(self._stored.values())
        self._arriving: set[Incoming] = set()

    @property
    def busy(self) -> bool:
        """Whether jobs or uploads are in progress."""
        return self.jobs > 0 or bool(self._arriving)

    @property
    def stored(self) -> int:
        """Bytes of the files that were received."""
        return self._stored_bytes

    @property
    def arriving(self) -> int:
        """Bytes of the files that are being received."""
        return sum(incoming.size for incoming in self._arriving)

    def release(self) -> None:
        """Free memory of data that is also on disk; the next job reads it again."""
        self._scene = None

    def scene(self) -> Any:
        """The scene that jobs work on, made at the first job."""
        if self._scene is None:
            self._scene = self._make_scene(self.photos)
        return self._scene

    def begin(self, path: str, size: int) -> Incoming:
        """Start receiving a file. Raises `TttlrmError` if its path or size is not allowed."""
        target = self.inside(path)
        self._check_room(path, size)
        try:
            incoming = Incoming(self._incoming, target, path, size, self._over)
        except OSError as error:
            raise unwritable(path, error) from error
        self._arriving.add(incoming)
        return incoming

    def has_start(self, path: str) -> bool:
        """Whether splats to start from, whose path tells their content, were received; if so, they are the newest again."""
        if not (is_start(path) and path in self._stored and self.inside(path).is_file()):
            return False
        self._stored[path] = self._stored.pop(path)
        return True

    @property
    def cache(self) -> Path:
        """The folder of what is made of its photos and can be made again, such as the frames of a video."""
        return self.folder / "cache"

    def _over(self, incoming: Incoming, stored: bool) -> None:
        self._arriving.discard(incoming)
        if stored:
            self._stored_bytes += incoming.size - self._stored.pop(incoming.path, 0)
            self._stored[incoming.path] = incoming.size
            self._make_room()

    def _make_room(self) -> None:
        """Delete splats to start from that no job will read any more."""
        for path in [path for path in self._stored if is_start(path)][: -STARTS - self.jobs]:
            with suppress(OSError):  # Windows deletes no file that is being read
                self.inside(path).unlink(missing_ok=True)
                self._stored_bytes -= self._stored.pop(path)

    def remove(self) -> None:
        """Delete all files."""
        self._scene = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def inside(self, path: str) -> Path:
        """The file of a client's path in the scene's folder. Raises `TttlrmError` if the path is not allowed."""
        parts = path.split("/")
        if len(parts) > self._limits.depth or not all(map(is_plain, parts)):
            hint = "Rename it: not every system allows such a name."
            raise TttlrmError("The path {!r} is not allowed in a scene's folder.", path, hint=hint, code=Code.BAD_PATH)
        target = self.photos.joinpath(*parts)
        if target.parent.resolve() != target.parent:
            raise TttlrmError("The path {!r} leads out of the scene's folder.", path, code=Code.BAD_PATH)
        return target

    def _check_room(self, path: str, size: int) -> None:
        limits = self._limits
        if not 0 <= size <= limits.file_bytes:
            raise TttlrmError(
                "{} is too large for the worker: at most {} MiB.", path, limits.file_bytes >> 20, code=Code.TOO_LARGE
            )
        total = self._stored_bytes - self._stored.get(path, 0) + self.arriving + size
        count = len(self._stored) + len(self._arriving) + (path not in self._stored)
        if total > limits.session_bytes or count > limits.files:
            raise TttlrmError(
                "The scene is too large for the worker: at most {} MiB in {} files.",
                limits.session_bytes >> 20,
                limits.files,
                hint="Use fewer or smaller photos.",
                code=Code.TOO_LARGE,
            )


class Incoming:
    """A file being received into a scene's folder, where it appears once it is complete."""

    def __init__(self, folder: Path, target: Path, path: str, size: int, over: Callable[[Incoming, bool], None]) -> None:
        """`over` is called at the end with whether the file was stored."""
        self._file = NamedTemporaryFile(dir=folder, delete=False)  # noqa: SIM115 (open until the end of the upload)
        self._target, self._received, self._over = target, 0, over
        self.path, self.size = path, size

    def write(self, offset: int, data: memoryview) -> None:
        """Add the next bytes; may be called from any thread. Raises `TttlrmError`."""
        if offset != self._received or offset + len(data) > self.size:
            raise TttlrmError(
                "The parts of {} do not form a complete file.", self.path, hint="Upload it again.", code=Code.BAD_UPLOAD
            )
        try:
            self._file.write(data)
        except OSError as error:
            raise unwritable(self.path, error) from error
        self._received += len(data)

    @property
    def complete(self) -> bool:
        """Whether all bytes have been received."""
        return self._received == self.size

    def store(self) -> None:
        """Move the complete file into place. Raises `TttlrmError`."""
        try:
            self._file.close()
            self._target.parent.mkdir(parents=True, exist_ok=True)
            Path(self._file.name).replace(self._target)
        except OSError as error:
            raise unwritable(self.path, error) from error
        self._over(self, True)

    def discard(self) -> None:
        """Discard the file."""
        with suppress(OSError):  # flushing to a full disk may fail again
            self._file.close()
        Path(self._file.name).unlink(missing_ok=True)
        self._over(self, False)
