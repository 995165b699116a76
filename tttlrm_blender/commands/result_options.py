# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that say how a scene's memory becomes splats, and these a mesh."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import TttlrmError
from ..protocol.settings import DecodeSettings, MeshSettings, from_json

# For each option the setting, what stands for its value in the help, and words.
DECODE = {
    "--query-views": ("views", "N", "photos that splats are read for (default: 16 at most)"),
    "--min-opacity": ("min_opacity", "SHARE", "drop splats fainter than this"),
    "--max-splats": ("max_splats", "N", "keep no more than the N most opaque splats"),
    "--sh-degree": ("sh_degree", "N", "how finely colour depends on the direction of view, 0 to 3 (default: 3)"),
    "--splat-scale": ("scale", "FACTOR", "make every splat this many times as large"),
    "--size-limit": ("size_limit", "SHARE", "no splat larger than this share of its distance from the nearest camera"),
    "--near": ("near", "DISTANCE", "drop splats nearer to a camera than this"),
    "--far": ("far", "DISTANCE", "drop splats farther from all cameras than this"),
    "--merge": ("merge", "DISTANCE", "make one splat of those in a cube of this side"),
    "--floaters": ("floaters", "SHARE", "drop lone splats: 0 for none, 1 as strictly as can be"),
}
MESH = {
    "--mesh-resolution": ("resolution", "N", "voxels along the longest side of the mesh (default: 192)"),
    "--voxel": ("voxel", "DISTANCE", "side of a voxel, in place of a resolution"),
    "--faces": ("faces", "N", "simplify the mesh to at most N triangles"),
    "--texture": ("texture", "N", "pixels along a side of the mesh's texture, 0 for vertex colours (default: 2048)"),
}


def add_result_options(parser: ArgumentParser) -> None:
    """Add the options that `decode_settings` and `mesh_settings` read."""
    for title, kind, options in (("splats", DecodeSettings, DECODE), ("mesh", MeshSettings, MESH)):
        group = parser.add_argument_group(title)
        for option, (name, metavar, words) in options.items():
            plain = getattr(kind(), name)
            group.add_argument(
                option, dest=_place(kind, name), type=setting(kind, name), default=plain, metavar=metavar, help=words
            )
    crop = "drop splats outside the box between these two corners; write --crop=-1,… where the first number is negative"
    parser.add_argument("--crop", type=box, default=(), metavar="X,Y,Z,X,Y,Z", help=crop)


def decode_settings(args: Namespace) -> DecodeSettings:
    """The decode settings that the parsed options ask for."""
    return DecodeSettings(keep=args.keep, crop=args.crop, **_asked(args, DecodeSettings, DECODE))


def mesh_settings(args: Namespace) -> MeshSettings:
    """The mesh settings that the parsed options ask for."""
    return MeshSettings(**_asked(args, MeshSettings, MESH))


def _asked(args: Namespace, kind: type, options: dict[str, tuple[str, str, str]]) -> dict[str, Any]:
    return {name: getattr(args, _place(kind, name)) for name, _, _ in options.values()}


def _place(kind: type, name: str) -> str:
    """Where the parsed arguments keep a setting: several kinds have some of the same name."""
    return f"{kind.__name__}.{name}"


def setting(kind: type, name: str) -> Callable[[str], Any]:
    """Values of a setting, as an argument's type."""
    like = type(getattr(kind(), name))

    def read(text: str) -> Any:
        try:
            return getattr(from_json(kind, {name: like(text)}), name)
        except ValueError as error:
            needed = "a whole number" if like is int else "a number"
            raise ArgumentTypeError(f"{needed} is needed; got {text}") from error
        except TttlrmError as error:
            raise ArgumentTypeError(f"{text} is out of range. {error.hint}") from error

    return read


def box(text: str) -> tuple[float, ...]:
    """The crop matrix of a box between two corners, as an argument's type."""
    try:
        low, high = np.sort(np.array(text.split(","), dtype=np.float64).reshape(2, 3), axis=0)
        if not (np.isfinite(high - low).all() and (high > low).all()):
            raise ValueError
    except ValueError as error:
        raise ArgumentTypeError(f"a box is two corners X,Y,Z,X,Y,Z with some room between them; got {text}") from error
    matrix = np.diag([*(2 / (high - low)), 1])
    matrix[:3, 3] = -(high + low) / (high - low)
    return tuple(matrix.ravel().tolist())
