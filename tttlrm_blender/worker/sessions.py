# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenes on the worker: the folder of uploaded files and what the jobs keep of it. They outlive the worker."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile, mkdtemp
from typing import Any

from ..errors import TttlrmError
from ..files import make_folder, replacing
from .limits import Limits

LABEL = "session.json"  # what the client calls the scene; changed whenever the scene is used
PREFIX = "scene-"  # of the names of scenes' folders
NEARLY = 0.9  # of the room, from where on people are told what will be dropped


class Session:
    """One scene. It outlives connections and the worker, until it is forgotten."""

    def __init__(self, folder: Path, make_scene: Callable[[Path], Any], limits: Limits) -> None:
        """The scene in a folder of its own, which is made if it is missing; uploads that were cut off are removed from it.

        Raises `TttlrmError` where that is impossible.
        """
        self.folder = folder.resolve()
        self.photos, self._incoming = self.folder / "photos", self.folder / "incoming"
        shutil.rmtree(self._incoming, ignore_errors=True)
        for part in (self.photos, self._incoming):
            make_folder(part)
        self.jobs = 0  # that wait or run
        self._make_scene, self._scene = make_scene, None
        self._limits = limits
        files = [path for path in self.photos.rglob("*") if path.is_file()]
        self._stored = {path.relative_to(self.photos).as_posix(): path.stat().st_size for path in files}  # files and their bytes
        self._stored_bytes = sum(self._stored.values())
        self._arriving: set[Incoming] = set()

    @property
    def busy(self) -> bool:
        """Whether jobs or files are on their way."""
        return self.jobs > 0 or bool(self._arriving)

    def release(self) -> None:
        """Drop from memory what is on disk too; the next job reads it again."""
        self._scene = None

    def scene(self) -> Any:
        """What the jobs keep between them; made at the first job."""
        if self._scene is None:
            self._scene = self._make_scene(self.photos)
        return self._scene

    def begin(self, path: str, size: int) -> Incoming:
        """Start to receive a file. Raises `TttlrmError` if its path or size is not allowed."""
        target = self._inside(path)
        self._check_room(path, size)
        try:
            incoming = Incoming(self._incoming, target, path, size, self._over)
        except OSError as error:
            raise unwritable(path, error) from error
        self._arriving.add(incoming)
        return incoming

    def _over(self, incoming: Incoming, stored: bool) -> None:
        self._arriving.discard(incoming)
        if stored:
            self._stored_bytes += incoming.size - self._stored.get(incoming.path, 0)
            self._stored[incoming.path] = incoming.size

    def remove(self) -> None:
        """Remove all files."""
        self._scene = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def _inside(self, path: str) -> Path:
        parts = path.split("/")
        if len(parts) > self._limits.depth or not all(_is_plain(part) for part in parts):
            raise TttlrmError(f"The path {path!r} is not allowed in a scene's folder.", code="bad_path")
        target = self.photos.joinpath(*parts)
        if target.parent.resolve() != target.parent:
            raise TttlrmError(f"The path {path!r} leads out of the scene's folder.", code="bad_path")
        return target

    def _check_room(self, path: str, size: int) -> None:
        limits = self._limits
        if not 0 <= size <= limits.file_bytes:
            raise TttlrmError(f"{path} is too large for the worker: at most {limits.file_bytes >> 20} MiB.", code="too_large")
        total = self._stored_bytes - self._stored.get(path, 0) + sum(incoming.size for incoming in self._arriving) + size
        count = len(self._stored) + len(self._arriving) + (path not in self._stored)
        if total > limits.session_bytes or count > limits.files:
            raise TttlrmError(
                f"The scene is too large for the worker: at most {limits.session_bytes >> 20} MiB in {limits.files} files.",
                "Use fewer or smaller photos.",
                "too_large",
            )


def _is_plain(part: str) -> bool:
    """Whether a name means one file or folder of that name on every system."""
    strange = any(char in '\\:*?"<>|' or ord(char) < 32 or 0xD800 <= ord(char) < 0xE000 for char in part)
    return bool(part) and not strange and not part.endswith((".", " ")) and len(part.encode("utf-8", "replace")) <= 255


class Incoming:
    """A file on its way into a scene's folder; it appears there once it is stored."""

    def __init__(self, folder: Path, target: Path, path: str, size: int, over: Callable[[Incoming, bool], None]) -> None:
        """`over` hears whether the file was stored, when it is or when it is given up."""
        self._file = NamedTemporaryFile(dir=folder, delete=False)  # noqa: SIM115 (lives as long as the upload)
        self._target, self._received, self._over = target, 0, over
        self.path, self.size = path, size

    def write(self, offset: int, data: memoryview) -> None:
        """Add the next bytes; may be called from any thread. Raises `TttlrmError`."""
        if offset != self._received or offset + len(data) > self.size:
            raise TttlrmError(f"The parts of {self.path} do not fit together.", "Upload it again.", "bad_upload")
        try:
            self._file.write(data)
        except OSError as error:
            raise unwritable(self.path, error) from error
        self._received += len(data)

    @property
    def complete(self) -> bool:
        """Whether all bytes are there."""
        return self._received == self.size

    def store(self) -> None:
        """Put the complete file into its place. Raises `TttlrmError`."""
        try:
            self._file.close()
            self._target.parent.mkdir(parents=True, exist_ok=True)
            Path(self._file.name).replace(self._target)
        except OSError as error:
            raise unwritable(self.path, error) from error
        self._over(self, True)

    def discard(self) -> None:
        """Give up on the file."""
        with suppress(OSError):  # a full disk may refuse the last bytes once more
            self._file.close()
        Path(self._file.name).unlink(missing_ok=True)
        self._over(self, False)


def unwritable(name: str, error: OSError) -> TttlrmError:
    """The error for a file that cannot be stored."""
    return TttlrmError(f"The worker cannot store {name}: {error.strerror or error}.", code="cannot_write")


class Sessions:
    """All scenes, by the names that clients gave them."""

    def __init__(self, folder: Path, make_scene: Callable[[Path], Any], limits: Limits) -> None:
        """The scenes that are in a folder already, and those to come. Folders of scenes without a label are on their way out."""
        self._folder, self._make_scene, self._limits = folder.resolve(), make_scene, limits
        self._sessions: dict[str, Session] = {}
        self._kept: dict[str, Path] = {}
        self._bytes: dict[Path, int] = {}
        for place in self._folder.glob(f"{PREFIX}*"):
            name = _name_in(place)
            if name is None:
                shutil.rmtree(place, ignore_errors=True)
            else:
                self._kept[name], self._bytes[place] = place, _bytes_below(place)

    def open(self, name: str) -> Session:
        """The scene of that name, a new one if there is none. Raises `TttlrmError` if it cannot be made."""
        if name not in self._sessions:
            self._check_room(name)
            place = self._kept.get(name) or self._make_place(name)
            self._sessions[name] = Session(place, self._make_scene, self._limits)
        return self._sessions[name]

    def _make_place(self, name: str) -> Path:
        """A new folder for a scene, with its label; none is left where that fails."""
        try:
            place = Path(mkdtemp(prefix=PREFIX, dir=self._folder))
        except OSError as error:
            raise unwritable(name, error) from error
        try:
            _label(place, name)
        except TttlrmError:
            shutil.rmtree(place, ignore_errors=True)
            raise
        self._kept[name], self._bytes[place] = place, 0
        return place

    def get(self, name: str) -> Session:
        """The scene of that name. Raises `TttlrmError` if there is none."""
        if name not in self._kept:
            raise TttlrmError("The worker does not know this scene (any more).", "Reconstruct it from its photos.", "no_scene")
        return self.open(name)

    def pop(self, name: str) -> Session | None:
        """Take the scene of that name out, for it to be removed; its name is free at once."""
        if name not in self._kept:
            return None
        session, place = self.get(name), self._kept.pop(name)
        del self._sessions[name], self._bytes[place]
        with suppress(OSError):
            (place / LABEL).unlink()
        return session

    def __len__(self) -> int:
        return len(self._kept)

    def _check_room(self, name: str) -> None:
        if len(name) > self._limits.name:
            raise TttlrmError(f"A scene's name has at most {self._limits.name} characters.", code="bad_name")
        if name not in self._kept and len(self._kept) >= self._limits.sessions:
            raise TttlrmError(
                f"The worker keeps {self._limits.sessions} scenes and takes no more.", "Let it forget some.", "too_many_scenes"
            )

    def used(self, session: Session) -> list[Session]:
        """Note that a scene was used; gives the other idle scenes for which no room is left, taken out as by `pop`."""
        if session.folder in self._bytes:  # it may have been forgotten meanwhile
            os.utime(session.folder / LABEL)
            self._bytes[session.folder] = _bytes_below(session.folder)
        dropped = []
        for name in (name for name in self._idle() if self._kept[name] != session.folder):
            if sum(self._bytes.values()) <= self._limits.total_bytes and len(self) < self._limits.sessions:
                break
            dropped.append(self.pop(name))
        return [session for session in dropped if session]

    def warning(self) -> str:
        """A sentence for people where room is running out, else nothing."""
        total, most = sum(self._bytes.values()), self._limits.total_bytes
        idle = self._idle() if total > NEARLY * most else []
        if not idle:
            return ""
        return (
            f"The worker keeps {total / 2**30:.1f} of at most {most / 2**30:.1f} GiB of scenes; "
            f"the next that it drops is {idle[0]!r}, which was not used for longest."
        )

    def release(self) -> None:
        """Drop from memory what is on disk too."""
        for session in list(self._sessions.values()):
            if not session.busy:
                session.release()

    def _idle(self) -> list[str]:
        """Names of scenes without jobs, those first that were not used for longest."""
        busy = {name for name, session in self._sessions.items() if session.busy}
        return sorted(self._kept.keys() - busy, key=lambda name: (self._kept[name] / LABEL).stat().st_mtime)


def _label(place: Path, name: str) -> None:
    with replacing(place / LABEL) as part:
        part.write_text(json.dumps({"name": name}), encoding="utf-8")


def _name_in(place: Path) -> str | None:
    """What the label in a folder says."""
    try:
        return str(json.loads((place / LABEL).read_text(encoding="utf-8"))["name"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _bytes_below(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
