# SPDX-License-Identifier: GPL-3.0-or-later
"""`cameras FILE.blend --out transforms.json`: where the photos were taken; no worker is needed."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

import bpy

from ..engine import errors, files
from ..scene.cameras import photo_set
from . import blend_files


def add_commands(commands: Any) -> None:
    """Declare the subcommand."""
    parser = commands.add_parser(
        "cameras",
        help="write the cameras of a .blend file to a transforms.json",
        description="Write the poses and lenses of all cameras that have photos behind their pictures, in Blender's world.",
    )
    parser.add_argument("file", type=Path, metavar="FILE.blend", help="with cameras that have background images")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.json", help="file to be written")
    parser.set_defaults(run=run)


def run(args: Namespace) -> None:
    """Write the cameras. Raises `TttlrmError`."""
    blend_files.open_file(args.file)
    photos = photo_set(obj for obj in bpy.context.scene.objects if obj.type == "CAMERA")
    if not photos:
        hint = "Cameras need background images."
        raise errors.TttlrmError(f"{args.file} holds no cameras with photos.", hint, "no_cameras")
    out = args.out.resolve()
    frames = [_named(frame, photos, out.parent) for frame in json.loads(photos["transforms.json"])["frames"]]
    with files.replacing(out) as part:
        part.write_text(json.dumps({"frames": frames}, indent=1, ensure_ascii=False), encoding="utf-8")
    print(f"{len(frames)} cameras")


def _named(frame: dict[str, Any], photos: dict[str, Path | bytes], folder: Path) -> dict[str, Any]:
    """A frame that names the file of its photo, as from `folder` where it lies below that. Packed photos have no file."""
    photo = photos[frame["file_path"]]
    if isinstance(photo, bytes):
        return frame
    path = photo.resolve()
    path = path.relative_to(folder) if path.is_relative_to(folder) else path
    return frame | {"file_path": path.as_posix()}
