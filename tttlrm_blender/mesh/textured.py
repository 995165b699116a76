# SPDX-License-Identifier: GPL-3.0-or-later
"""A mesh with its images: base color, and where they are wanted a normal map and ambient occlusion."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from io import BytesIO

import numpy as np
from PIL import Image
from trimesh import Trimesh

from ..progress import Report
from ..protocol.settings import BakeSettings, MeshSettings
from ..stages import Stage
from .mesh import NORMAL_MAP, OCCLUSION, TEXTURE, make_mesh, mesh_arrays
from .normal_map import NearestNormals, bake_normals
from .occlusion import Sky, bake_occlusion
from .pictures import Pictures
from .texture import bake_colors
from .unwrap import Atlas, unwrap

BASE_COLOR = "base_color"  # the name of the texture as a file
QUALITY = 95  # of JPEG
ImageSettings = MeshSettings | BakeSettings


@dataclass(frozen=True)
class Images:
    """The images of a mesh, each the bytes [B] uint8 of a file."""

    texture: np.ndarray  # base color, sRGB
    normal_map: np.ndarray | None = None  # in tangent space, x right and y up as in glTF
    occlusion: np.ndarray | None = None  # 255 where the surface is open

    def named(self) -> dict[str, np.ndarray]:
        """The images that there are, by name."""
        files = {BASE_COLOR: self.texture, NORMAL_MAP: self.normal_map, OCCLUSION: self.occlusion}
        return {name: file for name, file in files.items() if file is not None}


def textured(
    mesh: Trimesh,
    settings: ImageSettings,
    pictures: Pictures,
    report: Report,
    dense: Trimesh | None = None,
    size: int | None = None,
) -> Trimesh:
    """Unwrap a mesh and bake its images; see `bake`. `size` is that of the images in pixels, instead of the settings'."""
    atlas = unwrap(mesh, size or settings.texture, report)
    (images,) = bake(mesh, [atlas], settings, pictures, report, dense)
    arrays = mesh_arrays(mesh) | {"uv": atlas.uv, TEXTURE: images.texture}
    finer = {NORMAL_MAP: images.normal_map, OCCLUSION: images.occlusion}
    return make_mesh(**arrays | {name: file for name, file in finer.items() if file is not None})


def bake(
    mesh: Trimesh,
    atlases: Iterable[Atlas],
    settings: ImageSettings,
    pictures: Pictures,
    report: Report,
    dense: Trimesh | None = None,
) -> Iterator[Images]:
    """The images of each atlas of a mesh, from pictures of it and, for normals and occlusion, from a finer mesh of the surface.

    What pictures see follows from the mesh alone. Raises `TttlrmError` where a picture cannot be read, and `Cancelled`.
    """
    normals = NearestNormals.of(dense, mesh) if settings.normal_map and dense is not None else None
    sky = Sky.over(dense or mesh, partial(report, Stage.BAKE_TEXTURE, 0)) if settings.occlusion else None
    for atlas in atlases:
        yield Images(
            _file(bake_colors(mesh, atlas, pictures, report), settings.image),
            None if normals is None else _file(bake_normals(mesh, atlas, normals, report), settings.image),
            None if sky is None else _file(bake_occlusion(mesh, atlas, sky, report), settings.image),
        )


def _file(picture: np.ndarray, image: str) -> np.ndarray:
    """A picture [H, W, 3] or [H, W] uint8 as a file."""
    file = BytesIO()
    if image == "png":
        Image.fromarray(picture).save(file, "PNG", compress_level=4)
    else:
        Image.fromarray(picture).save(file, "JPEG", quality=QUALITY, subsampling=0)
    return np.frombuffer(file.getbuffer(), np.uint8)
