# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the zip that people install in Blender, and has Blender check it where Blender is at hand."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

from tools.pages import page

HOUSE = Path(__file__).resolve().parents[1]
FILES = ("__init__.py", "blender_manifest.toml", "LICENSE")
TREES = ("operators", "tttlrm_blender")
PICTURES = (".jpg", ".png")  # of the docs


def fetch_wheels() -> None:
    """Put the wheels that vendor/requirements.txt pins by hash into vendor/, unless they are there."""
    wanted = [HOUSE / wheel for wheel in manifest()["wheels"]]
    if all(wheel.exists() for wheel in wanted):
        return
    pure = ["--platform", "any", "--python-version", "3.11", "--implementation", "py", "--abi", "none", "--only-binary", ":all:"]
    pinned: list[str | Path] = [
        "--require-hashes",
        "--no-deps",
        "--requirement",
        HOUSE / "vendor/requirements.txt",
        "--dest",
        HOUSE / "vendor",
    ]
    subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", *pure, *pinned], check=True)


def manifest() -> dict:
    """What blender_manifest.toml says."""
    return tomllib.loads((HOUSE / "blender_manifest.toml").read_text())


def contents() -> Iterator[tuple[Path, bytes]]:
    """Every file of the extension, in a fixed order; the docs as pages for a browser, which F1 opens."""
    files = [HOUSE / name for name in FILES]
    for tree in TREES:
        files += sorted(file for file in (HOUSE / tree).rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    files += [HOUSE / wheel for wheel in manifest()["wheels"]]
    files += sorted(file for file in (HOUSE / "docs").rglob("*") if file.suffix in PICTURES)
    yield from ((file, file.read_bytes()) for file in files)
    for file in sorted((HOUSE / "docs").glob("*.md")):
        yield file.with_suffix(".html"), page(file.read_text("utf-8")).encode()


def build(folder: Path) -> Path:
    """Write tttlrm-<version>.zip into a folder. The same sources give the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"tttlrm-{manifest()['version']}.zip"
    unfinished = target.with_suffix(".part")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, content in contents():
            entry = zipfile.ZipInfo(file.relative_to(HOUSE).as_posix())
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return unfinished.replace(target)


def validator() -> list[str] | None:
    """The command of Blender's own check: of the program if it is on the path, else of the bpy module."""
    if blender := shutil.which("blender"):
        return [blender, "--command", "extension", "validate"]
    module = importlib.util.find_spec("bpy")
    if module is None or module.origin is None:
        return None
    tools = Path(module.origin).parent.glob("*/scripts/addons_core/bl_pkg/cli/blender_ext.py")
    return next(([sys.executable, str(tool), "validate"] for tool in tools), None)


def main() -> int:
    """Fetch, build and check; the exit status is Blender's verdict."""
    fetch_wheels()
    target = build(HOUSE / "dist")
    print(target.relative_to(HOUSE))
    check = validator()
    if check is None:
        print("Not checked: neither a blender program nor the bpy module is here.")
        return 0
    return subprocess.run([*check, str(target)]).returncode


if __name__ == "__main__":
    sys.exit(main())
