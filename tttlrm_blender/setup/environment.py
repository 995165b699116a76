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
from typing import Any

from ..errors import Code, TttlrmError
from . import commands
from .commands import Source
from .process import environment, hidden

PATIENCE = 60.0  # seconds
LONGEST = 200  # length of the longest path of PyTorch 2.13 in an environment
WINDOWS_LIMIT = 259


@dataclass(frozen=True)
class Environment:
    """The worker's virtual environment."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def state(self) -> str:
        """ "none", "unfinished", "outdated" (for another version of tttLRM) or "ready"."""
        note = self._note()
        if not note:
            return "none"
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
            run = subprocess.run(command, capture_output=True, timeout=PATIENCE, env=environment(), **hidden())
        except (OSError, subprocess.TimeoutExpired):
            return False
        return run.returncode == 0

    def begin(self, source: Source) -> None:
        """Note the start of an installation. Raises `TttlrmError` if the folder has other contents or its path is too long."""
        if os.name == "nt" and not long_paths() and too_long(str(self.folder)):
            raise _long_path(self.folder)
        if self.folder.exists() and any(self.folder.iterdir()) and not self._file.exists():
            raise TttlrmError(
                "The folder {} already contains something else.", self.folder, hint="Choose another folder.", code=Code.BAD_FOLDER
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        self._write({"source": _words(source)})

    def finish(self, source: Source, torch: str) -> None:
        """Note the end of an installation."""
        self._write({"source": _words(source), "torch": torch, "packages": packages_digest()})

    def remove(self) -> None:
        """Delete the environment, the note last, so that a partial deletion can be continued."""
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
    """A digest of the pinned packages."""
    return hashlib.sha256(commands.PACKAGES.read_bytes() + commands.TORCH.read_bytes()).hexdigest()


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


def _words(source: Source) -> str:
    return f"{source.build.kind} {source.torch_index}".strip()
