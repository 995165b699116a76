# SPDX-License-Identifier: GPL-3.0-or-later
"""Build a release: the extension's zip in a static repository for Blender, and the engine's wheel and sdist.

Blender can update from a folder with these files, on a disk or on a web server: its `index.json` lists the zip.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tools.build_extension import ROOT, blender_command, build, check

UV = (sys.executable, "-m", "uv")
OF_OLDER_RELEASES = ("tttlrm*", "index.*")


def build_engine(folder: Path) -> None:
    """Write the engine's sdist, and a wheel made from it, into a folder."""
    subprocess.run(
        [*UV, "build", "--quiet", "--no-build-isolation", "--no-create-gitignore", "--out-dir", folder, ROOT], check=True
    )


def list_extensions(folder: Path) -> None:
    """Write index.json for Blender and index.html for people, which list the zips in a folder."""
    command = blender_command("server-generate")
    if command is None:
        raise SystemExit("Listing extensions needs Blender: put `blender` on the path, or install the bpy module.")
    subprocess.run([*command, "--repo-dir", folder, "--html"], check=True)


def release(folder: Path) -> int:
    """Fill a folder with this release alone; return the exit status of Blender's validation."""
    for pattern in OF_OLDER_RELEASES:
        for file in folder.glob(pattern):
            file.unlink()
    target = build(folder)
    build_engine(folder)
    list_extensions(folder)
    return check(target)


def main() -> int:
    """Build everything into dist/; the exit status is that of Blender's validation of the extension."""
    status = release(ROOT / "dist")
    for file in sorted((ROOT / "dist").iterdir()):
        print(file.relative_to(ROOT))
    return status


if __name__ == "__main__":
    sys.exit(main())
