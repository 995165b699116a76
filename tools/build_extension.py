# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the zip that users install in Blender, and validate it with Blender if available."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

from tools.pages import page
from tools.wheels import is_pinned, read_pins
from tttlrm_blender import __version__
from tttlrm_blender.child_process import child_environment
from tttlrm_blender.setup.isolation import pip_environment, user_settings

ROOT = Path(__file__).resolve().parents[1]
MANIFEST = ROOT / "blender_manifest.toml"
PINS = ROOT / "vendor" / "requirements.txt"
FILES = ("__init__.py", "LICENSE")
TREES = ("operators", "tttlrm_blender")
PICTURES = (".jpg", ".png")  # in the docs


def fetch_wheels() -> None:
    """Have the wheels that vendor/requirements.txt pins by hash in vendor/: those that are missing or differ are downloaded."""
    pins = read_pins(PINS)
    if all(is_pinned(wheel, pins) for wheel in wheels()):
        return
    pure = ["--platform", "any", "--python-version", "3.11", "--implementation", "py", "--abi", "none", "--only-binary", ":all:"]
    pinned: list[str | Path] = [
        "--require-hashes",
        "--no-deps",
        "--requirement",
        PINS,
        "--dest",
        ROOT / "vendor",
    ]
    command = [sys.executable, "-m", "pip", "download", "--quiet", *pure, *pinned]
    subprocess.run(command, check=True, env=pip_environment(user_settings(sys.executable)))
    if wrong := [wheel.name for wheel in wheels() if not is_pinned(wheel, pins)]:
        raise SystemExit(f"{', '.join(wrong)} in the manifest is not what {PINS.relative_to(ROOT)} pins: correct one of them.")


def wheels() -> list[Path]:
    """The wheels that the manifest lists."""
    return [ROOT / wheel for wheel in tomllib.loads(manifest(__version__))["wheels"]]


def manifest(version: str) -> str:
    """The text of blender_manifest.toml with the given version instead of the checkout's."""
    return re.sub(r'^version = ".*$', f'version = "{version}"', MANIFEST.read_text("utf-8"), flags=re.MULTILINE)


def contents(version: str) -> Iterator[tuple[Path, bytes]]:
    """Every file of the extension, in a fixed order; the docs as HTML pages, which F1 opens."""
    yield MANIFEST, manifest(version).encode()
    files = [ROOT / name for name in FILES]
    for tree in TREES:
        files += sorted(file for file in (ROOT / tree).rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    files += wheels()
    files += sorted(file for file in (ROOT / "docs").rglob("*") if file.suffix in PICTURES)
    yield from ((file, file.read_bytes()) for file in files)
    for file in sorted((ROOT / "docs").rglob("*.md")):
        yield file.with_suffix(".html"), page(file.read_text("utf-8")).encode()


def build(folder: Path, version: str = __version__) -> Path:
    """Write tttlrm-<version>.zip into a folder. The same sources give the same bytes."""
    fetch_wheels()
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"tttlrm-{version}.zip"
    unfinished = target.with_suffix(".part")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, content in contents(version):
            entry = zipfile.ZipInfo(file.relative_to(ROOT).as_posix())
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return unfinished.replace(target)


def blender_command(name: str) -> list[str] | None:
    """The command for `blender --command extension NAME`: Blender if it is on the path, otherwise the bpy module."""
    if blender := shutil.which("blender"):
        return [blender, "--command", "extension", name]
    module = importlib.util.find_spec("bpy")
    if module is None or module.origin is None:
        return None
    tools = Path(module.origin).parent.glob("*/scripts/addons_core/bl_pkg/cli/blender_ext.py")
    return next(([sys.executable, str(tool), name] for tool in tools), None)


def check(target: Path) -> int:
    """Validate a zip with Blender; return its exit status, or 0 without a Blender."""
    command = blender_command("validate")
    if command is None:
        print("Not checked: there is neither a `blender` command nor the bpy module.")
        return 0
    return subprocess.run([*command, str(target)], env=child_environment(python=sys.executable)).returncode


def main() -> int:
    """Build and validate; the exit status is Blender's."""
    target = build(ROOT / "dist")
    print(target.relative_to(ROOT), flush=True)  # before what Blender tells
    return check(target)


if __name__ == "__main__":
    sys.exit(main())
