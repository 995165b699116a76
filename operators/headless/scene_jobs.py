# SPDX-License-Identifier: GPL-3.0-or-later
"""`extend`, `decode`, `refine` and `mesh` FILE.blend: jobs on the scenes of its splats, as long as a worker keeps these."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy

from .. import properties
from ..actions.decode import cropped, precious
from ..actions.extend import add_new_cameras, extending
from ..actions.mesh import place_mesh
from ..actions.refine import require_budget
from ..engine import errors, files, kinds, messages, options, settings
from ..jobs import worker
from ..jobs.scene_operators import replace_splats, work_on
from ..narrowing import group_of
from ..scene import versions
from ..scene.points import cloud_of
from ..scene.splats import is_decodable, is_kept
from ..sources.photo_sets import added_photos, photos_in
from . import blend_files, objects, worker_options

KINDS = {
    "extend": "add photos to the scene of the splats of a .blend file",
    "decode": "replace the splats of a .blend file with a new draft, without the photos",
    "refine": "optimize the splats of a .blend file against their photos",
    "mesh": "make meshes of the splats of a .blend file",
}
SETTINGS = {  # whose options each has; what is not given is as the splats have it
    "extend": (settings.ExtendSettings, settings.RefineSettings),
    "decode": (settings.DecodeSettings,),
    "refine": (settings.RefineSettings,),
    "mesh": (settings.MeshSettings,),
}


def add_commands(commands: Any) -> None:
    """Declare the subcommands."""
    for kind, summary in KINDS.items():
        description = f"{summary[:1].upper()}{summary[1:]}. The worker must have kept the scenes: make the file with --scenes DIR"
        parser = commands.add_parser(kind, help=summary, description=f"{description}, and name the same folder here.")
        parser.add_argument("file", type=Path, metavar="FILE.blend", help="with splats that were reconstructed")
        if kind == "extend":
            parser.add_argument("directory", type=_folder, metavar="PHOTOS", help="folder of photos")
        parser.add_argument("--out", type=Path, required=True, metavar="FILE.blend", help="file to be written, perhaps the same")
        objects.add_argument(parser)
        for each in SETTINGS[kind]:
            options.add_options(parser, each, but=("crop",))
        if kind == "decode":
            parser.add_argument("--crop", default="", metavar="NAME", help="object to crop to")
        worker_options.add_arguments(parser)
        parser.set_defaults(run=run, kind=kind)


def run(args: Namespace) -> None:
    """Do the job for every object, then save. Raises `TttlrmError`, and then nothing is saved."""
    files.require_file(args.out, files.LEAST_ROOM)
    worker_options.use(args, kept=True)
    blend_files.open_file(args.file)
    for obj in _kept(objects.chosen_splats(args.object), args):
        print(f"{obj.name}: {JOBS[args.kind](obj, args)}", flush=True)
    blend_files.save(args.out)


def _decode(splats: bpy.types.Object, args: Namespace) -> str:
    wanted = replace(properties.draft_settings(splats), **options.given(args, settings.DecodeSettings))
    wanted = cropped(wanted, splats, args.crop)
    lost = f", instead of {len(cloud_of(splats).points):,} ({versions.state(splats)})" if precious([splats]) else ""
    return f"{replace_splats(splats, _result(work_on(splats, kinds.DECODE, wanted)))[0]:,} splats of a new draft{lost}"


def _refine(splats: bpy.types.Object, args: Namespace) -> str:
    wanted = _wanted(splats, kinds.REFINE, args)
    require_budget(wanted)
    return f"{replace_splats(splats, _result(work_on(splats, kinds.REFINE, wanted)))[0]:,} splats"


def _mesh(splats: bpy.types.Object, args: Namespace) -> str:
    wanted = _wanted(splats, kinds.MESH, args)
    return f"{place_mesh(splats, _result(work_on(splats, kinds.MESH, wanted))):,} faces"


def _extend(splats: bpy.types.Object, args: Namespace) -> str:
    """Splats are refined as they say themselves, but for what is given."""
    own, refine = group_of(splats), options.given(args, settings.RefineSettings)
    for name, value in refine.items():
        setattr(own.refine, name, value)
    decode = properties.draft_settings(splats)
    refining = properties.plain(own.refine, settings.RefineSettings)
    wanted = settings.ExtendSettings(**options.given(args, settings.ExtendSettings), decode=decode, refine=refining)
    photos = added_photos(photos_in(args.directory), own.files.split("\n"))
    result = _result(extending(splats, wanted, dict(photos)))
    count, _ = replace_splats(splats, result)
    add_new_cameras(splats, result, photos)
    return f"{count:,} splats"


def _wanted(splats: bpy.types.Object, kind: kinds.Kind, args: Namespace) -> Any:
    """The splats' own settings for a job, but for what is given."""
    own = properties.plain(getattr(group_of(splats), kind.name), kind.settings)
    return replace(own, **options.given(args, kind.settings))


def _result(work: worker.Work) -> Any:
    return worker.start(work).result(_tell)


def _tell(event: messages.Event) -> None:
    if isinstance(event, messages.Note):
        print(event.text, flush=True)


JOBS = {"extend": _extend, "decode": _decode, "refine": _refine, "mesh": _mesh}


def _folder(text: str) -> Path:
    return Path(text).resolve()


def _kept(splats: list[bpy.types.Object], args: Namespace) -> list[bpy.types.Object]:
    """Those that a worker was given to keep. Raises `TttlrmError` for none, linked ones, or too many to add photos to."""
    found = [obj for obj in splats if is_kept(obj)]
    if not found:
        hint = "Splats from other files have no scene that could be read again."
        raise errors.TttlrmError("{} holds no splats that were reconstructed.", args.file, hint=hint, code=errors.Code.NO_SPLATS)
    linked = [obj.name for obj in found if args.kind != "mesh" and not is_decodable(obj)]
    if linked:
        raise errors.TttlrmError(
            "These splats are linked from another file: {}.",
            ", ".join(linked),
            hint="Name others with --object, or name the file that holds them.",
            code=errors.Code.NO_SPLATS,
        )
    if args.kind == "extend" and len(found) > 1:
        names = ", ".join(obj.name for obj in found)
        raise errors.TttlrmError(
            "Photos are added to one scene.",
            hint=errors.text("Name its splats with --object: {}.", names),
            code=errors.Code.USAGE,
        )
    return found
