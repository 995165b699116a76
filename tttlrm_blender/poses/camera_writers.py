# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of cameras for other programs: transforms.json and COLMAP's text files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..atomic_files import make_folder, replacing
from ..errors import Code, TttlrmError
from ..geometry.cameras import OPENGL_AXES, Cameras
from ..geometry.quaternions import from_matrices

COLMAP_FILES = ("cameras.txt", "images.txt", "points3D.txt")


def write_transforms(path: Path, names: list[str], cameras: Cameras, upright: Sequence[bool | None] = ()) -> None:
    """Write a transforms.json with OpenGL camera axes and one frame per image name.

    `upright` says of each image, where it is known, whether its camera is for it after or before its EXIF orientation is
    applied. Raises `TttlrmError` when the file cannot be written.
    """
    frames = []
    turned = [{} if each is None else {"upright": each} for each in upright or [None] * len(names)]
    for name, turn, c2w, lens, size in zip(names, turned, cameras.c2w, cameras.intrinsics, cameras.sizes, strict=True):
        intrinsics = dict(zip(("fl_x", "fl_y", "cx", "cy"), lens.tolist(), strict=True))
        matrix = (c2w @ OPENGL_AXES).tolist()
        shape = {"w": int(size[0]), "h": int(size[1])}
        frames.append({"file_path": name, **turn, **shape, **intrinsics, "transform_matrix": matrix})
    with replacing(path) as part:
        part.write_text(json.dumps({"camera_model": "PINHOLE", "frames": frames}, indent=1), encoding="utf-8")


def write_colmap(folder: Path, names: list[str], cameras: Cameras) -> None:
    """Write a COLMAP model of pinhole cameras as text, without points, into a folder that is made if missing.

    Raises `TttlrmError` when the folder already holds a model or cannot be written to.
    """
    taken = [name for name in COLMAP_FILES if (folder / name).exists()]
    if taken:
        raise TttlrmError(
            "{} already contains a COLMAP model: {}.",
            folder,
            ", ".join(taken),
            hint="Choose another folder, or move the files away.",
            code=Code.CANNOT_WRITE,
        )
    lenses = [f"PINHOLE {w} {h} " + _numbers(lens) for (w, h), lens in zip(cameras.sizes, cameras.intrinsics, strict=True)]
    ids = {lens: index for index, lens in enumerate(dict.fromkeys(lenses), 1)}
    w2c = np.linalg.inv(cameras.c2w)
    images = []
    for index, (name, lens, pose) in enumerate(zip(names, lenses, w2c, strict=True), 1):
        # The second line of each image lists its points: here none.
        images += [f"{index} {_numbers(from_matrices(pose[:3, :3]))} {_numbers(pose[:3, 3])} {ids[lens]} {name}", ""]
    contents = ([f"{index} {lens}" for lens, index in ids.items()], images, ["# no points"])
    make_folder(folder)
    for name, lines in zip(COLMAP_FILES, contents, strict=True):
        with replacing(folder / name) as part:
            part.write_text("\n".join([*lines, ""]), encoding="utf-8")


def _numbers(values: np.ndarray) -> str:
    return " ".join(repr(float(value)) for value in values)
