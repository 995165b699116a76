# SPDX-License-Identifier: GPL-3.0-or-later
"""Bake photos onto a mesh with texture coordinates.

The mesh must lie where `tttlrm reconstruct` puts one from the same photos. Writes base_color, and if wanted normal_map and
occlusion, as .jpg or .png, with .1001 and so on before the suffix where texture coordinates lie in several UDIM tiles.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from ..protocol.settings import BakeSettings, PosesSettings
from ..stages import Stage
from .options import add_options, given

SIDE = 320  # pixels of the width at which the light of the photos is measured


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's options."""
    parser.add_argument("photos", type=Path, metavar="PHOTOS", help="folder of photos")
    parser.add_argument("mesh", type=Path, metavar="MESH", help="a GLB, OBJ, PLY or NPZ file with texture coordinates")
    parser.add_argument("--out", type=Path, default=Path("out/baked"), metavar="DIR", help="folder (default: %(default)s)")
    add_options(parser, BakeSettings, BakeSettings(), but=("mesh",))
    add_options(parser, PosesSettings, PosesSettings())


def run(args: argparse.Namespace) -> int:
    """Bake and write the images."""
    from ..atomic_files import LEAST_ROOM, make_folder, replacing, require_folder
    from ..mesh.mesh import NORMAL_MAP, OCCLUSION
    from ..mesh.pictures import PhotoPictures
    from ..mesh.read import read_mesh, read_unwrapped
    from ..mesh.textured import BASE_COLOR
    from ..mesh.tiles import bake_tiles
    from ..photos.load import load_photos
    from ..poses.find import find_photos
    from ..poses.world_frame import moved, scene_world
    from .console import Console

    report, settings = Console(), replace(BakeSettings(), **given(args, BakeSettings))
    suffix = "png" if settings.image == "png" else "jpg"
    require_folder(args.out, *(f"{name}.{suffix}" for name in (BASE_COLOR, NORMAL_MAP, OCCLUSION)), room=LEAST_ROOM)
    places = replace(PosesSettings(), **given(args, PosesSettings))
    mesh, uv = read_unwrapped(args.mesh)
    dense = read_mesh(settings.dense)[0] if settings.dense else None
    report(Stage.LOAD, 0)
    photos = find_photos(args.photos, places.poses, report)
    photos = moved(photos, scene_world(photos, places.orient, places.distance))
    pictures = PhotoPictures(photos, load_photos(photos, min(SIDE, photos[0].width), report=report))
    textures = bake_tiles(mesh, uv, settings, pictures, report, dense)
    make_folder(args.out)
    for name, file in textures.items():
        with replacing(args.out / f"{name}.{suffix}") as part:
            part.write_bytes(file.tobytes())
    report.close()
    print(f"In {args.out}: {', '.join(f'{name}.{suffix}' for name in textures)}")
    return 0
