# SPDX-License-Identifier: GPL-3.0-or-later
"""`bake FILE.blend --onto NAME`: photos onto meshes of a .blend file, as long as a worker keeps their scene."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy

from .. import properties
from ..actions.bake import baking, put_images, scenes_for
from ..engine import errors, files, options, settings
from ..jobs import worker
from ..narrowing import given, group_of, untyped
from . import blend_files, worker_options


def add_commands(commands: Any) -> None:
    """Declare the subcommand."""
    parser = commands.add_parser(
        "bake",
        help="bake photos onto meshes of a .blend file",
        description="Bake the photos of a scene onto meshes with UV maps that stand where its surface is. The worker must have "
        "kept the scene: make the file with --scenes DIR, and name the same folder here. Images are packed.",
    )
    parser.add_argument("file", type=Path, metavar="FILE.blend", help="with splats that were reconstructed, and the meshes")
    parser.add_argument("--onto", action="append", required=True, metavar="NAME", help="mesh object; may be given several times")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.blend", help="file to be written, perhaps the same")
    options.add_options(parser, settings.BakeSettings, but=properties.BAKED_FILES)
    worker_options.add_arguments(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> None:
    """Bake onto every mesh, then save. Raises `TttlrmError`, and then nothing is saved."""
    files.require_file(args.out, files.LEAST_ROOM)
    worker_options.use(args, kept=True)
    blend_files.open_file(args.file)
    for name in args.onto:
        _bake(_mesh(name), args)
        print(f"{name}: baked", flush=True)
    blend_files.save(args.out)


def _bake(obj: bpy.types.Object, args: Namespace) -> None:
    """The object's own settings count, but for what is given."""
    found = scenes_for(obj, given(bpy.context.scene))
    if len(found) != 1:
        raise errors.TttlrmError(
            "The file has {} scenes with photos for “{}”.",
            len(found),
            obj.name,
            hint="Choose the splats of one in the panel Bake Photos, or give the mesh the same parent.",
            code=errors.Code.NO_SPLATS,
        )
    own = group_of(obj).bake
    names = [name for name in properties.described(settings.BakeSettings) if name not in properties.BAKED_FILES]
    wanted = settings.BakeSettings(**{name: getattr(own, name) for name in names})
    wanted = replace(wanted, **options.given(args, settings.BakeSettings))
    result = worker.start(baking(obj, found[0], wanted, own.dense)).result()
    put_images(obj, result.textures, untyped(obj.data).uv_layers.active.name, packed=True)


def _mesh(name: str) -> bpy.types.Object:
    obj = bpy.data.objects.get(name)
    if obj is None or obj.type != "MESH" or not untyped(obj.data).uv_layers:
        hint = "Name a mesh, and unwrap it first."
        raise errors.TttlrmError("There is no mesh “{}” with a UV map.", name, hint=hint, code=errors.Code.NO_MESH)
    return obj
