# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends a real Blender with a window on the journey of the guide, and keeps its pictures.

python -m tools.guide --blender "xvfb-run -a blender" [--photos FOLDER] [--out out/guide]

Without FOLDER the demo's own photos are taken: Suzanne, photographed by the bpy module. ImageMagick's `import` takes the
pictures. The worker runs in this Python.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.build_extension import build, fetch_wheels
from tttlrm_blender.client import launch_worker

HOUSE = Path(__file__).resolve().parents[2]
JOURNEY = Path(__file__).with_name("journey.py")
LATER = 4  # photos, every so many of them is held back to be added
PHOTOGRAPH = """
import sys
from pathlib import Path
from operators.demo.suzanne import photograph
photograph(Path(sys.argv[1]))
"""
NO_SPLASH = """
import bpy
def register():
    bpy.context.preferences.view.show_splash = False
"""
PICTURES = (".png", ".jpg", ".jpeg")


def main() -> int:
    """The exit status is Blender's."""
    parser = argparse.ArgumentParser(prog="python -m tools.guide", description=__doc__)
    parser.add_argument("--blender", required=True, help="the command that starts Blender with a window")
    parser.add_argument("--photos", type=Path, help="a photo set (default: that of the demo)")
    parser.add_argument("--out", type=Path, default=Path("out/guide"))
    parser.add_argument("--refine", type=int, default=400, metavar="STEPS")
    options = parser.parse_args()
    out = options.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    fetch_wheels()
    photos = options.photos.resolve() if options.photos else demo_photos(out)
    first, later = divided(photos, out / "first")
    with tempfile.TemporaryDirectory() as home, launch_worker() as worker:
        plan = {
            "extension": str(build(HOUSE / "dist")),
            "worker": {"host": worker.host, "port": worker.port, "token": worker.token},
            "photos": str(first),
            "later": later,
            "out": str(out),
            "refine": options.refine,
        }
        (out / "plan.json").write_text(json.dumps(plan))
        startup = Path(home) / "scripts" / "startup"
        startup.mkdir(parents=True)
        (startup / "no_splash.py").write_text(NO_SPLASH)
        command = [*shlex.split(options.blender), "--python", str(JOURNEY), "--", str(out / "plan.json")]
        return subprocess.run(command, env=os.environ | {"BLENDER_USER_RESOURCES": home}, cwd=HOUSE, check=False).returncode


def demo_photos(out: Path) -> Path:
    """Let the bpy module, in a process of its own, photograph Suzanne."""
    folder = out / "photos"
    if not (folder / "transforms.json").exists():
        subprocess.run([sys.executable, "-c", PHOTOGRAPH, str(folder)], cwd=HOUSE, check=True)
    return folder


def divided(photos: Path, first: Path) -> tuple[Path, dict]:
    """A copy of the photo set that lacks some, and what the journey needs to know to add these."""
    pictures = sorted(path for path in photos.rglob("*") if path.suffix.lower() in PICTURES)
    held_back = pictures[LATER // 2 :: LATER]
    shutil.rmtree(first, ignore_errors=True)
    shutil.copytree(photos, first, ignore=lambda folder, names: [name for name in names if Path(folder, name) in held_back])
    poses = photos / "transforms.json"
    return first, {
        "folder": str(held_back[0].parent),
        "names": [path.name for path in held_back],
        "poses": str(poses) if poses.exists() else "auto",
    }


if __name__ == "__main__":
    sys.exit(main())
