# SPDX-License-Identifier: GPL-3.0-or-later
"""Drive a Blender with a window from installation to exported splats, and keep a screenshot of each step.

python -m tools.guide --blender "xvfb-run -a blender" [--photos FOLDER] [--out out/guide] [--docs docs/guide]

Without FOLDER, the photos are those of the demo: Suzanne, photographed by the bpy module. ImageMagick's `import` takes the
screenshots. The worker runs in this Python. The end prints the seconds, steps and decibels that the guide's text tells.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

from PIL import Image

from tools import window
from tttlrm_blender.child_process import child_environment
from tttlrm_blender.client import launch_worker

LATER = 4  # every so many photos, one is held back to be added later
PHOTOGRAPH = """
import sys
from pathlib import Path
import bpy
from tools.inside.demo.suzanne import photograph
bpy.ops.wm.read_factory_settings(use_empty=True)
photograph(Path(sys.argv[1]))
"""
PHOTOS = (".png", ".jpg", ".jpeg")
QUALITY = 55  # JPEG quality of the guide's pictures


def main() -> int:
    """Drive Blender; the exit status is Blender's."""
    parser = argparse.ArgumentParser(prog="python -m tools.guide", description=__doc__)
    window.add_option(parser)
    parser.add_argument("--photos", type=Path, help="photo set (default: that of the demo)")
    parser.add_argument("--out", type=Path, default=Path("out/guide"), help="folder for the results (default: %(default)s)")
    parser.add_argument("--docs", type=Path, help="folder whose pictures are replaced by the new ones, as JPEG")
    options = parser.parse_args()
    out = options.out.resolve()
    first, later = divided(options.photos.resolve() if options.photos else demo_photos(out), out / "first")
    pictures, _ = window.empty(out / "pictures"), window.empty(out / "watched")
    with launch_worker() as worker:
        reach = {"host": worker.host, "port": worker.port, "token": worker.token}
        plan = {"worker": reach, "photos": str(first), "later": later, "out": str(out)}
        status = window.run(options.blender, window.SCRIPTS / "guide.py", plan)
    if status == 0:
        print((out / "figures.json").read_text())
        if options.docs:
            publish(pictures, window.empty(options.docs))
    return status


def demo_photos(out: Path) -> Path:
    """Let the bpy module photograph Suzanne, in a separate process."""
    folder = out / "Suzanne"
    if not (folder / "transforms.json").exists():
        environment = child_environment(window.ROOT, python=sys.executable)
        subprocess.run([sys.executable, "-c", PHOTOGRAPH, str(folder)], env=environment, check=True)
    return folder


def divided(photos: Path, part: Path) -> tuple[Path, dict]:
    """A copy of the photo set without the photos to be added later, and what the script needs to add them."""
    pictures = sorted(path for path in photos.rglob("*") if path.suffix.lower() in PHOTOS)
    held_back = pictures[LATER // 2 :: LATER]
    first = window.empty(part) / photos.name
    shutil.copytree(photos, first, ignore=lambda folder, names: [name for name in names if Path(folder, name) in held_back])
    poses = photos / "transforms.json"
    if poses.exists():
        _forget(first / poses.name, {path.relative_to(photos).as_posix() for path in held_back})
    return first, {
        "folder": str(held_back[0].parent),
        "names": [path.name for path in held_back],
        "poses": str(poses) if poses.exists() else "auto",
    }


def _forget(poses: Path, names: set[str]) -> None:
    """Remove photos from a transforms.json."""
    content = json.loads(poses.read_text())
    content["frames"] = [frame for frame in content["frames"] if frame["file_path"] not in names]
    poses.write_text(json.dumps(content))


def publish(pictures: Path, docs: Path) -> None:
    """Write the pictures as JPEG files."""
    for picture in sorted(pictures.iterdir()):
        with Image.open(picture) as image:
            image.convert("RGB").save(docs / f"{picture.stem}.jpg", quality=QUALITY, optimize=True, progressive=True)


if __name__ == "__main__":
    sys.exit(main())
