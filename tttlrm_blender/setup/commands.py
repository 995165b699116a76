# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that fill an environment with packages, and pip's progress."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import Code, TttlrmError
from .machine import Build

ROOM = Path(__file__).parent
# Pinned by tools/lock_requirements.py: what is needed beside PyTorch, what the engine can do without, PyTorch on PyPI, and its
# builds elsewhere by local version.
PACKAGES, OPTIONAL, TORCH = ROOM / "packages.txt", ROOM / "optional.txt", ROOM / "torch.txt"
BUILDS = {file.stem.removeprefix("torch-"): file for file in sorted(ROOM.glob("torch-*.txt"))}
HASHED = ("--require-hashes", "--no-deps")
PINNED = re.compile(r"^[a-z0-9-]+={2,3}[^\s;\\]+", re.MULTILINE)
DOWNLOADED = 0.8  # share of pip's work; the rest is unpacking
NEXT = ("Collecting ", "Requirement already satisfied: ", "Ignoring ")

# Read from RECORD, since `files` omits missing files from Python 3.12 on.
DAMAGED = """
import csv
from importlib.metadata import distributions
for package in distributions():
    records = csv.reader((package.read_text("RECORD") or "").splitlines())
    if not all(package.locate_file(record[0]).exists() for record in records if record):
        print(package.name)
"""
WORKS = """
import numba, numpy, PIL, safetensors, scipy, skimage, torch, tqdm, trimesh, websockets
print(torch.__version__, "GPU" if torch.cuda.is_available() else "CPU")
"""
ALONE = "import pycolmap"  # crashes in one process with torch


@dataclass(frozen=True)
class Source:
    """The source of packages."""

    build: Build  # of PyTorch
    index: str = ""  # package index of PyTorch, instead of the build's
    wheels: Path | None = None  # folder with all wheels, for installation without downloads

    @property
    def torch_index(self) -> str:
        """The package index for PyTorch; empty for PyPI."""
        return self.index or self.build.index

    @property
    def torch(self) -> Path:
        """The file that pins PyTorch: of this build or, with a folder of wheels, of the build in there."""
        name = _build_in(self.wheels, self.build.name) if self.wheels else self.build.name
        return BUILDS[name] if name else TORCH


def pinned(file: Path) -> list[str]:
    """The packages pinned in a file, such as "torch==2.13.0"."""
    return PINNED.findall(file.read_text("utf-8"))


def install_packages(python: Path, source: Source, pins: Path) -> list[str]:
    """The command that installs the packages pinned in a file other than those of PyTorch."""
    return [*_pip(python, "install"), "--progress-bar", "off", *_from(source), *HASHED, "--requirement", str(pins)]


def install_torch(python: Path, source: Source) -> list[str]:
    """The command that installs PyTorch, run after the other packages, whose pip reports the progress of downloads."""
    telling = any(package.startswith("pip==") for package in pinned(PACKAGES))
    return [*_pip(python, "install"), "--progress-bar", "raw" if telling else "off", *_from(source), *_torch(source)]


def download(python: Path, source: Source, folder: Path) -> list[list[str]]:
    """The commands that fill a folder with wheels for this machine and this Python: packages, optional ones, and PyTorch."""
    command = [*_pip(python, "download"), "--dest", str(folder)]
    hashed = [[*command, *HASHED, "--requirement", str(pins)] for pins in (PACKAGES, OPTIONAL)]
    return [*hashed, [*command, *_torch(source)]]


def uninstall(python: Path, packages: list[str]) -> list[str]:
    """The command that removes packages."""
    return [str(python), "-m", "pip", "uninstall", "--yes", *packages]


class Follower:
    """Estimates pip's progress from its output."""

    def __init__(self, packages: int, tell: Callable[[float], None]) -> None:
        self._packages, self._tell = packages, tell
        self._begun = 0

    def take(self, line: str) -> bool:
        """Read a line; returns whether it should be shown."""
        if line.startswith("Progress "):
            done, _, whole = line.removeprefix("Progress ").partition(" of ")
            if done.isdigit() and whole.isdigit() and int(whole):
                self._at(self._begun - 1 + int(done) / int(whole))
            return False
        if line.startswith(NEXT):
            self._begun += 1
            self._at(self._begun - 1)
        elif line.startswith("Installing collected packages"):
            self._at(self._packages)
        return bool(line)

    def _at(self, packages: float) -> None:
        self._tell(DOWNLOADED * min(max(packages / self._packages, 0.0), 1.0))


def _pip(python: Path, what: str) -> list[str]:
    return [str(python), "-m", "pip", what, "--only-binary", ":all:"]


def _from(source: Source) -> list[str]:
    return ["--no-index", "--find-links", str(source.wheels)] if source.wheels else []


def _torch(source: Source) -> list[str]:
    """PyTorch's requirement and index. Without known hashes, the packages that only this build needs come from there too."""
    index = ["--index-url", source.torch_index] if source.torch_index and not source.wheels else []
    hashed = HASHED if "--hash=" in source.torch.read_text("utf-8") else ()
    return [*index, *hashed, "--requirement", str(source.torch)]


def _build_in(wheels: Path, wanted: str) -> str:
    """The name of the build of PyTorch in a folder of wheels, the wanted one if there are several. Raises `TttlrmError`."""
    version = next(package.rpartition("=")[2] for package in pinned(TORCH) if package.startswith("torch="))
    held = {wheel.name.split("-")[1] for wheel in wheels.glob("torch-*-*.whl")}
    builds = [name for name in ("", *BUILDS) if (f"{version}+{name}" if name else version) in held]
    if not builds:
        raise TttlrmError(
            "The folder {} has PyTorch {}; this version of tttLRM needs {}.",
            wheels,
            ", ".join(sorted(held)),
            version,
            hint="Fill it again with `make wheelhouse` of this version.",
            code=Code.NO_WHEELS,
        )
    return wanted if wanted in builds else builds[0]
