# SPDX-License-Identifier: GPL-3.0-or-later
"""Wheels on the disk, compared with files that pin packages by version and hash."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

PIN = re.compile(r"([a-z0-9-]+)={2,3}([^\s;\\]+)")
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")

Pins = Mapping[str, Mapping[str, set[str]]]  # package → version → SHA-256 of its wheels, none if they are not known


def read_pins(*files: Path) -> Pins:
    """The packages that requirements files pin."""
    pins: dict[str, dict[str, set[str]]] = {}
    for file in files:
        for block in re.split(r"\n(?=\S)", file.read_text("utf-8")):
            if match := PIN.match(block):
                pins.setdefault(match[1], {})[match[2]] = set(HASH.findall(block))
    return pins


def is_pinned(wheel: Path, pins: Pins) -> bool:
    """Whether a wheel is there and has the name, the version and, if known, the hash of a pinned package."""
    hashes = hashes_of(wheel, pins)
    if hashes is None or not wheel.is_file():
        return False
    return digest(wheel) in hashes if hashes else is_whole(wheel)


def strangers(wheels: Sequence[Path], pins: Pins) -> list[Path]:
    """The wheels that are not pinned. With one whose hash is not known, packages may come that nothing pins."""
    open_ended = any(hashes_of(wheel, pins) == set() for wheel in wheels)
    return [
        wheel
        for wheel in wheels
        if not is_pinned(wheel, pins) and not (open_ended and package_of(wheel) not in pins and is_whole(wheel))
    ]


def hashes_of(wheel: Path, pins: Pins) -> set[str] | None:
    """The pinned hashes for a wheel's package and version, an empty set if they are not known; None if it is not pinned."""
    version = (*wheel.name.split("-"), "")[1]
    return pins.get(package_of(wheel), {}).get(version)


def package_of(wheel: Path) -> str:
    """The name of a wheel's package, as pins have it."""
    return re.sub(r"[-_.]+", "-", wheel.name.partition("-")[0]).lower()


def digest(file: Path) -> str:
    """The SHA-256 of a file."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def is_whole(wheel: Path) -> bool:
    """Whether a wheel is a ZIP file whose contents have the right checksums."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            return archive.testzip() is None
    except (OSError, zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, RuntimeError, NotImplementedError):
        return False
