# SPDX-License-Identifier: GPL-3.0-or-later
"""Meshes as files: GLB, OBJ with MTL, PLY and STL.

GLB and OBJ are y-up, as programs expect of them; PLY and STL, which have no convention, keep z up. One unit is a meter. Coarser
levels of detail become files of their own, as glTF has no word for them that importers know.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from trimesh import Trimesh
from trimesh.exchange.ply import export_ply
from trimesh.exchange.stl import export_stl

from ..atomic_files import replacing, unwritable
from ..errors import Text, text
from ..gltf import GENERATOR
from .glb import Z_UP_TO_Y_UP, distinct_corners, write_glb
from .mesh import (
    collider_of,
    colors_of,
    levels_of,
    normal_map_of,
    occlusion_of,
    picture_suffix,
    points_of,
    texture_of,
    uv_of,
    vertex_normals,
)

SIGNED = 512  # bytes at the beginning of every file, within which it says what wrote it
STL_HEADER = 80  # bytes, for any text
LEVELS, COLLIDER = ("_lod1", "_lod2"), "_collider"  # ends of the names of files beside a mesh's


def write_mesh(path: Path, mesh: Trimesh, note: Callable[[Text], None] = lambda text: None) -> list[Path]:
    """Write a mesh in the format of the suffix, and beside it its levels of detail and its collider; return the meshes' files.

    NAME.obj has a material in NAME.mtl and its pictures beside it, such as NAME.jpg. Levels and colliders of an earlier mesh of
    that name are removed if they were written here; there is a `note` for others. Raises `TttlrmError`.
    """
    meshes = {"": mesh, **dict(zip(LEVELS, levels_of(mesh), strict=False)), COLLIDER: collider_of(mesh)}
    files = {path.with_stem(path.stem + end): each for end, each in meshes.items() if each}
    for end in (*LEVELS, COLLIDER):
        if (earlier := path.with_stem(path.stem + end)) not in files:
            _remove(earlier, note)
    for file, each in files.items():
        WRITERS[path.suffix.lower()](file, each)
    return list(files)


def _write_glb(path: Path, mesh: Trimesh) -> None:
    write_glb(path, mesh, path.stem)


def _write_obj(path: Path, mesh: Trimesh) -> None:
    """trimesh would encode the pictures again, and leaves out normal maps."""
    pictures = {
        "map_Kd": ("", texture_of(mesh)),
        "map_Bump": ("_normal", normal_map_of(mesh)),
        "map_Ka": ("_occlusion", occlusion_of(mesh)),
    }
    used = {f"{path.stem}{end}{picture_suffix(file)}": (use, file) for use, (end, file) in pictures.items() if file is not None}
    for name, (_, file) in used.items():
        _write(path.with_name(name), file.tobytes())
    if used:
        material = ["newmtl material", "Kd 1 1 1", "Ks 0 0 0", "illum 1", *(f"{use} {name}" for name, (use, _) in used.items())]
        _write(path.with_suffix(".mtl"), "\n".join([*material, ""]).encode())
    dressed = [f"mtllib {path.stem}.mtl", "usemtl material"] if used else []
    lines = [f"# {GENERATOR}", f"o {path.stem}", *dressed, *_obj_lines(mesh), ""]
    _write(path, "\n".join(lines).encode())


def _obj_lines(mesh: Trimesh) -> list[str]:
    """The lines of vertices, with sRGB colors behind their coordinates, and of faces, whose indices count from 1."""
    uv, faces = uv_of(mesh), np.asarray(mesh.faces)
    points, normals = points_of(mesh) @ Z_UP_TO_Y_UP.T, vertex_normals(mesh) @ Z_UP_TO_Y_UP.T
    rows = [("v %.8g %.8g %.8g %.4g %.4g %.4g", np.concatenate([points, colors_of(mesh)], axis=1))]
    if uv is None:
        corners, form = np.stack([faces, faces], axis=-1), "%d//%d"
    else:
        first, numbers = distinct_corners(mesh, uv)
        rows.append(("vt %.7g %.7g", uv.reshape(-1, 2)[first]))
        corners, form = np.stack([faces, numbers.reshape(-1, 3), faces], axis=-1), "%d/%d/%d"
    rows += [("vn %.4g %.4g %.4g", normals), (f"f {form} {form} {form}", corners.reshape(len(faces), -1) + 1)]
    return [form % tuple(row) for form, table in rows for row in table.tolist()]


def _write_plain(path: Path, mesh: Trimesh) -> None:
    """With vertex colors, of 8 bits, where the format has them."""
    colors = np.round(colors_of(mesh).clip(0, 1) * 255).astype(np.uint8)
    plain = Trimesh(points_of(mesh), mesh.faces, vertex_colors=colors, process=False)
    if path.suffix.lower() == ".ply":
        first, kind, rest = export_ply(plain).split(b"\n", 2)
        _write(path, b"\n".join([first, kind, b"comment " + GENERATOR.encode(), rest]))
    else:
        _write(path, GENERATOR.encode().ljust(STL_HEADER, b"\0") + export_stl(plain)[STL_HEADER:])


def _remove(path: Path, note: Callable[[Text], None]) -> None:
    """Remove a file that was written here, perhaps long ago; note that another one stays."""
    try:
        if not path.exists():
            return
        with path.open("rb") as file:
            ours = GENERATOR.encode() in file.read(SIGNED)
        if ours:
            path.unlink()
        else:
            note(text("{} is not part of this mesh, but stays: it was not written by tttLRM.", path))
    except OSError as error:
        raise unwritable(path, error) from error


def _write(path: Path, content: bytes) -> None:
    with replacing(path) as part:
        part.write_bytes(content)


WRITERS: dict[str, Callable[[Path, Trimesh], None]] = {
    ".glb": _write_glb,
    ".obj": _write_obj,
    ".ply": _write_plain,
    ".stl": _write_plain,
}
