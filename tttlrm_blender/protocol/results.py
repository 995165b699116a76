# SPDX-License-Identifier: GPL-3.0-or-later
"""What a finished job gives, one dataclass per kind of job: the same for the panel, the batch, the command and the tests."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Any

import numpy as np

from ..errors import text
from ..gaussians.gaussians import Gaussians
from . import codec
from .codec import Array, Layout, Named, Table

TERMS = (1, 4, 9, 16)  # spherical harmonics of the degrees 0 to 3

Splats = Annotated[
    Gaussians,
    Layout(
        means=Array("<f4", ("N", 3)),
        quats=Array("<f4", ("N", 4)),
        scales=Array("<f4", ("N", 3)),
        opacities=Array("<f4", ("N",)),
        sh=Array("<f4", ("N", TERMS, 3)),
    ),
]
File = Annotated[np.ndarray, Array("u1", (None,))]  # the bytes of a file
Pictures = Annotated[dict[str, np.ndarray], Named("image.", Array("u1", (None, None, 3)))]


@dataclass(frozen=True)
class Nothing:
    """A job that only does something."""


@dataclass(frozen=True)
class CameraTable:
    """Pinhole cameras of V photos, by name, in OpenCV axes."""

    names: list[str]
    c2w: Annotated[np.ndarray, Table("<f8", ("V", 4, 4))]  # camera to world
    intrinsics: Annotated[np.ndarray, Table("<f8", ("V", 4))]  # fx fy cx cy in pixels
    sizes: Annotated[np.ndarray, Table("<i8", ("V", 2))]  # width and height in pixels that the intrinsics are for
    originals: Annotated[np.ndarray, Table("<i8", ("V", 2))] | None = None  # of the photos, from which those may be cut

    def __post_init__(self) -> None:
        if len(self.names) != len(self.c2w):
            raise ValueError(text("there are {} names of {} cameras", len(self.names), len(self.c2w)))

    def __len__(self) -> int:
        return len(self.names)

    def to_json(self) -> dict[str, Any]:
        """The cameras as a cameras.json has them."""
        return codec.encode(self)[0]

    def __getitem__(self, views: list[int]) -> CameraTable:
        """The cameras of some views, in the order given."""
        originals = None if self.originals is None else self.originals[views]
        names = [self.names[view] for view in views]
        return CameraTable(names, self.c2w[views], self.intrinsics[views], self.sizes[views], originals)


@dataclass(frozen=True)
class Figures:
    """How close pictures of splats come to photos that were held out."""

    psnr: float  # dB
    ssim: float


@dataclass(frozen=True)
class Surface:
    """A triangle mesh with coloured vertices, and the same as a file. Faces turn anticlockwise seen from outside."""

    vertices: Annotated[np.ndarray, Array("<f4", ("N", 3))]  # world units
    faces: Annotated[np.ndarray, Array("<i4", ("M", 3))]  # indices of vertices
    colors: Annotated[np.ndarray, Array("<f4", ("N", 3))]  # sRGB, 0 to 1
    glb: File
    uv: Annotated[np.ndarray, Array("<f4", ("M", 3, 2))] | None = None  # where the faces' corners are in the texture, v upwards
    texture: File | None = None  # a JPEG file in sRGB; None for a mesh that has only its vertices' colours


@dataclass(frozen=True)
class ReconstructResult:
    """A scene of photos, or of more photos than before."""

    gaussians: Splats
    cameras: CameraTable  # of all photos
    views: int  # photos used: the network reads some, refinement uses all
    seconds: dict[str, float]  # by part of the job: load, encode, decode, refine, mesh
    figures: Figures | None = None  # None where no photos are held out, here and below
    decoded: Figures | None = None  # before the refinement
    exposed: Figures | None = None  # with the exposure of each photo fitted
    mesh: Surface | None = None

    def report(self) -> dict[str, Any]:
        """The figures as a report.json has them."""
        decoded = {"decoded": _plain(self.decoded)} if "refine" in self.seconds else {}
        exposed = {"exposed": _plain(self.exposed)} if self.exposed else {}
        figures = {**_plain(self.figures), **exposed, "splats": len(self.gaussians)}
        return {**decoded, "views": self.views, "seconds": dict(self.seconds), **figures}


@dataclass(frozen=True)
class PosesResult:
    """Where the cameras of photos stand."""

    cameras: CameraTable


@dataclass(frozen=True)
class ExportResult:
    """A scene as a file."""

    file: File


@dataclass(frozen=True)
class DecodeResult:
    """Splats read again."""

    gaussians: Splats
    figures: Figures | None = None  # None where no photos are held out


@dataclass(frozen=True)
class RefineResult:
    """Splats optimised."""

    gaussians: Splats
    figures: Figures | None = None  # None where no photos are held out
    exposed: Figures | None = None  # with the exposure of each photo fitted


@dataclass(frozen=True)
class MeshResult:
    """A surface of splats."""

    mesh: Surface


@dataclass(frozen=True)
class RenderResult:
    """Pictures of splats."""

    pictures: Pictures  # [H, W, 3] sRGB, as the cameras of photos see them, by the photos' names


def _plain(figures: Figures | None) -> dict[str, float]:
    return asdict(figures) if figures else {}
