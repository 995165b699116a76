# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder with the worker's Python and packages, and the note in it that says how it was made."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import Code, TttlrmError
from . import commands
from .commands import Source
from .process import environment, hidden

PATIENCE = 60.0  # seconds
LONGEST = 200  # characters that the files of PyTorch 2.13 add to the environment's path
WINDOWS_LIMIT = 259


@dataclass(frozen=True)
class Environment:
    """A virtual environment that is the worker's alone."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def state(self) -> str:
        """ "none", "unfinished", "outdated" (made for another version of tttLRM) or "ready"."""
        note = self._note()
        if not note:
            return "none"
        if not note.get("torch"):
            return "unfinished"
        return "ready" if note.get("packages") == packages_digest() else "outdated"

    @property
    def torch(self) -> str:
        """The version of PyTorch in it; empty before it is finished."""
        return self._note().get("torch", "")

    def fits(self, source: Source) -> bool:
        """Whether it works well enough to be completed: made for the same build of PyTorch, with a Python and pip that run."""
        if self._note().get("source") != _words(source):
            return False
        try:
            command = [str(self.python), "-m", "pip", "--version"]
            run = subprocess.run(command, capture_output=True, timeout=PATIENCE, env=environment(), **hidden())
        except (OSError, subprocess.TimeoutExpired):
            return False
        return run.returncode == 0

    def begin(self, source: Source) -> None:
        """Note what is going to be installed. Raises `TttlrmError` where the folder is somebody else's or its path too long."""
        if os.name == "nt" and not long_paths() and too_long(str(self.folder)):
            raise _long_path(self.folder)
        if self.folder.exists() and any(self.folder.iterdir()) and not self._file.exists():
            raise TttlrmError(
                "The folder {} already contains something else.", self.folder, hint="Choose another folder.", code=Code.BAD_FOLDER
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        self._write({"source": _words(source)})

    def finish(self, source: Source, torch: str) -> None:
        """Note that everything is installed."""
        self._write({"source": _words(source), "torch": torch, "packages": packages_digest()})

    def remove(self) -> None:
        """Take it away, the note last: what could not be removed is still known as ours."""
        if not self._file.exists():
            return
        for path in self.folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path != self._file:
                path.unlink()
        shutil.rmtree(self.folder)

    @property
    def _file(self) -> Path:
        return self.folder / "tttlrm.json"

    def _note(self) -> dict[str, Any]:
        try:
            return json.loads(self._file.read_text("utf-8"))
        except (OSError, ValueError):
            return {}

    def _write(self, note: dict[str, Any]) -> None:
        self._file.write_text(json.dumps(note, indent=1), "utf-8")


def packages_digest() -> str:
    """What tells one set of pinned packages from another."""
    return hashlib.sha256(commands.PACKAGES.read_bytes() + commands.TORCH.read_bytes()).hexdigest()


def place(own: Path) -> Path:
    """Where the environment goes: in one's own folder, or in a shorter one where Windows could not open PyTorch's files there."""
    folder = own / "environment"
    if os.name != "nt" or long_paths() or not too_long(str(folder)):
        return folder
    return Path(os.environ.get("LOCALAPPDATA", own.anchor)) / "tttlrm" / "environment"


def too_long(folder: str) -> bool:
    """Whether paths of PyTorch's files in a folder go beyond what Windows opens by default."""
    return len(folder) + LONGEST > WINDOWS_LIMIT


def long_paths() -> bool:
    """Whether this Windows opens paths of any length."""
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


def _words(source: Source) -> str:
    return f"{source.build.kind} {source.torch_index}".strip()
