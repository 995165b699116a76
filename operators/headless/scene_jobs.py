# SPDX-License-Identifier: GPL-3.0-or-later
"""`extend`, `decode`, `refine` and `mesh` FILE.blend: jobs on the scenes of its splats, as long as a worker keeps these."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

import bpy

from .. import properties
from ..engine import errors, options, settings
from ..given import group_of, untyped
from ..jobs.starting import start_operator
from ..scene.splats import is_kept
from . import blend_files, objects, operator_options, worker_options

KINDS = {
    "extend": "add photos to the scene of the splats of a .blend file",
    "decode": "make the splats of a .blend file anew with other settings, without the photos",
    "refine": "optimise the splats of a .blend file against their photos",
    "mesh": "make meshes of the splats of a .blend file",
}
SETTINGS = {  # whose options each has; what is not given is as the splats have it
    "extend": (settings.ExtendSettings, settings.RefineSettings),
    "decode": (settings.DecodeSettings,),
    "refine": (settings.RefineSettings,),
    "mesh": (settings.MeshSettings,),
}
PHOTOS = "directory"  # the property of `extend` that names their folder
REFINE = "refine"  # that which says whether it refines


def add_commands(commands: Any) -> None:
    """Declare the subcommands."""
    for kind, summary in KINDS.items():
        description = f"{summary[:1].upper()}{summary[1:]}. The worker must have kept the scenes: make the file with --scenes DIR"
        parser = commands.add_parser(kind, help=summary, description=f"{description}, and name the same folder here.")
        parser.add_argument("file", type=Path, metavar="FILE.blend", help="with splats that were reconstructed")
        if kind == "extend":
            parser.add_argument(PHOTOS, type=_folder, metavar="PHOTOS", help="folder of photos")
        parser.add_argument("--out", type=Path, required=True, metavar="FILE.blend", help="file to be written, perhaps the same")
        objects.add_argument(parser)
        for each in SETTINGS[kind]:
            options.add_options(parser, each, but=("crop",))
        operator_options.add_arguments(parser, _operator(kind), but=_no_options(kind))
        worker_options.add_arguments(parser)
        parser.set_defaults(run=run, kind=kind)


def run(args: Namespace) -> None:
    """Do the job for every object, then save. Raises `TttlrmError`, and then nothing is saved."""
    worker_options.use(args, kept=True)
    blend_files.open_file(args.file)
    for obj in _kept(objects.chosen_splats(args.object), args):
        wanted = _wanted(obj, args)
        with bpy.context.temp_override(object=obj, active_object=obj):
            start_operator(args.kind, "EXEC_DEFAULT", **wanted)
    blend_files.save(args.out)


def _wanted(obj: bpy.types.Object, args: Namespace) -> dict[str, Any]:
    """The arguments of the operator. Splats that get more photos are refined with settings of their own, which are set before."""
    kind, *others = SETTINGS[args.kind]
    wanted = options.given(args, kind) | operator_options.given(args, _operator(args.kind))
    for refine in (options.given(args, other) for other in others):
        for name, value in refine.items():
            setattr(group_of(obj).refine, name, value)
        wanted[REFINE] = "steps" in refine  # a budget was given
    return wanted


def _no_options(kind: str) -> set[str]:
    """The properties of the operator that are settings, or that the arguments say otherwise."""
    return {PHOTOS, *properties.described(SETTINGS[kind][0]), *({REFINE} if kind == "extend" else ())}


def _operator(kind: str) -> Any:
    return getattr(untyped(bpy.ops).tttlrm, kind)


def _folder(text: str) -> str:
    return str(Path(text).resolve())


def _kept(splats: list[bpy.types.Object], args: Namespace) -> list[bpy.types.Object]:
    """Those that a worker was given to keep. Raises `TttlrmError` where there are none, or too many to add photos to."""
    found = [obj for obj in splats if is_kept(obj)]
    if not found:
        hint = "Splats from other files have no scene that could be read again."
        raise errors.TttlrmError("{} holds no splats that were reconstructed.", args.file, hint=hint, code=errors.Code.NO_SPLATS)
    if args.kind == "extend" and len(found) > 1:
        names = ", ".join(obj.name for obj in found)
        raise errors.TttlrmError(
            "Photos are added to one scene.",
            hint=errors.text("Name its splats with --object: {}.", names),
            code=errors.Code.USAGE,
        )
    return found
