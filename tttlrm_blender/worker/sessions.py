# SPDX-License-Identifier: GPL-3.0-or-later
"""All scenes on the worker. They outlive it; the least recently used make room for others."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from ..atomic_files import replacing, unwritable
from ..errors import Code, Text, TttlrmError, text
from ..protocol.start import is_start
from .limits import Limits
from .session import INCOMING, Incoming, Session, sweep_scene

logger = logging.getLogger(__name__)

LABEL = "session.json"  # file with the client's name of the scene, and its last use
PREFIX = "scene-"  # of the names of scenes' folders
NEARLY = 0.9  # share of the space above which clients are warned about what will be deleted


@dataclass
class Place:
    """The storage of a scene."""

    folder: Path
    used: int  # counter over the uses of all scenes, which orders them reliably even if the clock jumps
    bytes: int = 0  # when they were last measured
    stored: int = 0  # of them, those of received files

    def label(self, name: str) -> None:
        """Write the label file. Raises `TttlrmError`."""
        with replacing(self.folder / LABEL) as part:
            part.write_text(json.dumps({"name": name, "used": self.used}), encoding="utf-8")


class Sessions:
    """All scenes, by the clients' names."""

    def __init__(self, folder: Path, make_scene: Callable[[Path], Any], limits: Limits) -> None:
        """Open the scenes stored in a folder.

        Folders without a label were being deleted, and are deleted now; folders with an unreadable label are left alone.
        """
        self._folder, self._make_scene, self._limits = folder.resolve(), make_scene, limits
        self._sessions: dict[str, Session] = {}
        self._kept: dict[str, Place] = {}
        for place in self._folder.glob(f"{PREFIX}*"):
            try:
                label = json.loads((place / LABEL).read_text(encoding="utf-8"))
                sweep_scene(place)
                self._kept[str(label["name"])] = Place(place, int(label.get("used", 0)), _bytes_below(place))
            except FileNotFoundError:
                shutil.rmtree(place, ignore_errors=True)
            except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
                logger.warning("the label of the scene in %s cannot be read: %s", place, error)

    def open(self, name: str) -> Session:
        """The scene of a name, created if there is none. Raises `TttlrmError` if that fails."""
        if name not in self._sessions:
            self._check_room(name)
            if name not in self._kept:
                self._kept[name] = self._new_place(name)
            self._sessions[name] = Session(self._kept[name].folder, self._make_scene, self._limits)
            self._kept[name].stored = self._sessions[name].stored
        return self._sessions[name]

    def get(self, name: str) -> Session:
        """The scene of a name. Raises `TttlrmError` if there is none."""
        if name not in self._kept:
            raise TttlrmError(
                "The worker does not have this scene (any more).",
                hint="Reconstruct it again from its photos.",
                code=Code.NO_SCENE,
            )
        return self.open(name)

    def pop(self, name: str) -> Session | None:
        """Take out the scene of a name for deletion; the name is free at once."""
        if name not in self._kept:
            return None
        session, place = self.get(name), self._kept.pop(name)
        del self._sessions[name]
        with suppress(OSError):
            (place.folder / LABEL).unlink()
        return session

    def __len__(self) -> int:
        return len(self._kept)

    def used(self, session: Session) -> list[Session]:
        """Record a use of a scene; returns other idle scenes for which there is no room left, taken out as by `pop`."""
        for name, place in self._kept.items():  # the scene may have been forgotten meanwhile
            if place.folder == session.folder:
                place.used, place.bytes, place.stored = self._next_use(), _bytes_below(place.folder), session.stored
                with suppress(TttlrmError):  # if the disk is full, the order is only kept in memory
                    place.label(name)
        return self._drop(session, lambda: self._bytes() <= self._limits.total_bytes and len(self) < self._limits.sessions)

    def begin(self, name: str, path: str, size: int) -> tuple[Incoming, list[Session]]:
        """Start receiving a file into the scene of a name, created if there is none, but not for splats to start from.

        Also returns the idle scenes that make room for it, taken out as by `pop`. Raises `TttlrmError` if there is no room.
        """
        session = self.get(name) if is_start(path) else self.open(name)
        incoming = session.begin(path, size)
        self._kept[name].used = self._next_use()
        dropped = self._drop(session, lambda: self._bytes() <= self._limits.total_bytes)
        if self._bytes() > self._limits.total_bytes:
            incoming.discard()
            raise TttlrmError(
                "The worker has no room for {}: it stores at most {:.1f} GiB of scenes.",
                path,
                self._limits.total_bytes / 2**30,
                hint="Forget scenes, use smaller photos, or raise the worker's limit total_bytes.",
                code=Code.TOO_LARGE,
            )
        return incoming, dropped

    def _drop(self, session: Session, enough: Callable[[], bool]) -> list[Session]:
        """Take out idle scenes other than this one, as by `pop`, until that is enough."""
        dropped = []
        for name in (name for name in self._idle() if self._kept[name].folder != session.folder):
            if enough():
                break
            with suppress(TttlrmError):  # if its folder cannot be used, try the next one
                dropped.append(self.pop(name))
        return [session for session in dropped if session]

    def warning(self) -> Text | None:
        """A warning if space is running out."""
        total, most = self._bytes(), self._limits.total_bytes
        idle = self._idle() if total > NEARLY * most else []
        if not idle:
            return None
        return text(
            "The worker stores {:.1f} of at most {:.1f} GiB of scenes; "
            "the next that it deletes is {!r}, the least recently used.",
            total / 2**30,
            most / 2**30,
            idle[0],
        )

    def release(self) -> None:
        """Free memory of data that is also on disk."""
        for session in list(self._sessions.values()):
            if not session.busy:
                session.release()

    def _check_room(self, name: str) -> None:
        if len(name) > self._limits.name:
            raise TttlrmError("A scene's name has at most {} characters.", self._limits.name, code=Code.BAD_NAME)
        if name not in self._kept and len(self._kept) >= self._limits.sessions:
            raise TttlrmError(
                "The worker stores {} scenes and accepts no more.",
                self._limits.sessions,
                hint="Forget some of them.",
                code=Code.TOO_MANY_SCENES,
            )

    def _new_place(self, name: str) -> Place:
        """Create a folder with its label; it is deleted again if that fails."""
        try:
            place = Place(Path(mkdtemp(prefix=PREFIX, dir=self._folder)), self._next_use())
        except OSError as error:
            raise unwritable(name, error) from error
        try:
            place.label(name)
        except TttlrmError:
            shutil.rmtree(place.folder, ignore_errors=True)
            raise
        return place

    def _next_use(self) -> int:
        return 1 + max((place.used for place in self._kept.values()), default=0)

    def _bytes(self) -> int:
        received = sum(session.stored + session.arriving - self._kept[name].stored for name, session in self._sessions.items())
        return received + sum(place.bytes for place in self._kept.values())

    def _idle(self) -> list[str]:
        """Names of scenes without jobs, least recently used first."""
        busy = {name for name, session in self._sessions.items() if session.busy}
        return sorted(self._kept.keys() - busy, key=lambda name: self._kept[name].used)


def _bytes_below(folder: Path) -> int:
    """Bytes of a scene's files, without those that are being received."""
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):  # deleted meanwhile
            total += path.stat().st_size if path.is_file() and path.parent != folder / INCOMING else 0
    return total
