# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of the worker's Python environment, and the note in it about its installation."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ..atomic_files import bytes_of, make_folder, replacing
from ..child_process import without_window
from ..errors import Code, TttlrmError
from . import commands
from .commands import Source
from .isolation import python_environment

PATIENCE = 60.0  # seconds
LONGEST = 200  # length of the longest path of PyTorch 2.13 in an environment
WINDOWS_LIMIT = 259


@dataclass(frozen=True)
class Environment:
    """The worker's virtual environment."""

    folder: Path  # or a link to one, which is kept

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def state(self) -> str:
        """ "none", "damaged" (its note), "unfinished", "outdated" (for another version of tttLRM) or "ready"."""
        note = self._note()
        if not note:
            return "damaged" if os.path.lexists(self._file) else "none"
        if not note.get("torch"):
            return "unfinished"
        return "ready" if note.get("packages") == packages_digest() else "outdated"

    @property
    def torch(self) -> str:
        """The version of PyTorch; empty before the installation is finished."""
        return self._note().get("torch", "")

    def fits(self, source: Source) -> bool:
        """Whether the installation can be completed: for the same build of PyTorch, and with a working Python and pip."""
        if self._note().get("source") != _words(source):
            return False
        try:
            command = [str(self.python), "-m", "pip", "--version"]
            run = subprocess.run(command, capture_output=True, timeout=PATIENCE, env=python_environment(), **without_window())
        except (OSError, subprocess.TimeoutExpired):
            return False
        return run.returncode == 0

    def begin(self, source: Source) -> None:
        """Note the start of an installation. Raises `TttlrmError` if the folder cannot be used."""
        self.check()
        make_folder(self.folder)
        self._write({"source": _words(source)})

    def check(self) -> None:
        """Raise `TttlrmError` if the folder has other contents, is none, or its path is too long."""
        if os.name == "nt" and not long_paths() and too_long(str(self.folder)):
            raise _long_path(self.folder)
        if os.path.lexists(self.folder) and not self.folder.is_dir():
            raise _no_folder(self.folder)
        if self.folder.is_dir() and any(self.folder.iterdir()) and not os.path.lexists(self._file):
            raise TttlrmError(
                "The folder {} already contains something else.", self.folder, hint="Choose another folder.", code=Code.BAD_FOLDER
            )

    def finish(self, source: Source, torch: str) -> None:
        """Note the end of an installation."""
        self._write({"source": _words(source), "torch": torch, "packages": packages_digest()})

    def remove(self) -> None:
        """Delete the environment, the note last, so that a partial deletion can be continued. A linked folder is emptied."""
        if not os.path.lexists(self._file):
            return
        for path in sorted(self.folder.iterdir(), key=lambda path: path == self._file):
            _delete(path)
        if not self.folder.is_symlink():
            self.folder.rmdir()

    @property
    def _file(self) -> Path:
        return self.folder / "tttlrm.json"

    def _note(self) -> dict[str, str]:
        """The content of the note; empty if there is none or it is damaged."""
        try:
            note = json.loads(bytes_of(self._file))
        except (OSError, ValueError, RecursionError):
            return {}
        return note if isinstance(note, dict) and all(isinstance(value, str) for value in note.values()) else {}

    def _write(self, note: dict[str, str]) -> None:
        with replacing(self._file) as part:
            part.write_text(json.dumps(note, indent=1), "utf-8")


def packages_digest() -> str:
    """A digest of the pinned packages."""
    return hashlib.sha256(b"".join(map(bytes_of, (commands.PACKAGES, commands.OPTIONAL, commands.TORCH)))).hexdigest()


def place(own: Path) -> Path:
    """The environment's place: in `own` folder, or on Windows in a shorter one if PyTorch's paths would be too long there."""
    folder = own / "environment"
    if os.name != "nt" or long_paths() or not too_long(str(folder)):
        return folder
    return Path(os.environ.get("LOCALAPPDATA", own.anchor)) / "tttlrm" / "environment"


def too_long(folder: str) -> bool:
    """Whether paths of PyTorch's files in a folder exceed the default limit of Windows."""
    return len(folder) + LONGEST > WINDOWS_LIMIT


def long_paths() -> bool:
    """Whether long paths are enabled in this Windows."""
    try:
        import winreg

        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SYSTEM\CurrentControlSet\Control\FileSystem") as key:  # type: ignore[attr-defined]
            return winreg.QueryValueEx(key, "LongPathsEnabled")[0] == 1  # type: ignore[attr-defined]
    except (ImportError, OSError):
        return False


def _long_path(folder: Path) -> TttlrmError:
    return TttlrmError(
        "Windows limits paths to {} characters; those of PyTorch in {} are longer.",
        WINDOWS_LIMIT,
        folder,
        hint="Turn on long paths in Windows, or install the packages yourself in a Python with a short path.",
        code=Code.LONG_PATH,
    )


def _no_folder(path: Path) -> TttlrmError:
    if path.is_symlink():
        return TttlrmError(
            "The folder {} is a link to {}, where there is no folder.",
            path,
            path.readlink(),
            hint="Connect the disk with this folder, or delete the link, and try again.",
            code=Code.BAD_FOLDER,
        )
    return TttlrmError(
        "A file {} is in the way of the folder of the same name.",
        path,
        hint="Delete or rename it, and try again.",
        code=Code.BAD_FOLDER,
    )


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _words(source: Source) -> str:
    return f"{source.build.kind} {source.torch_index}".strip()
