# SPDX-License-Identifier: GPL-3.0-or-later
"""Results, one dataclass per kind of job, shared by panel, batch, command line and tests."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Annotated, Any

import numpy as np

from ..errors import Text, listed, text
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
Files = Annotated[dict[str, np.ndarray], Named("file.", Array("u1", (None,)))]
Pictures = Annotated[dict[str, np.ndarray], Named("image.", Array("u1", (None, None, 3)))]


@dataclass(frozen=True)
class Nothing:
    """The result of a job without data."""


@dataclass(frozen=True)
class Presence:
    """Whether the worker has what was asked for."""

    there: bool


@dataclass(frozen=True)
class CameraTable:
    """Pinhole cameras of V photos, sorted by name, in OpenCV axes."""

    names: list[str]
    c2w: Annotated[np.ndarray, Table("<f8", ("V", 4, 4))]  # camera to world
    intrinsics: Annotated[np.ndarray, Table("<f8", ("V", 4))]  # fx fy cx cy in pixels
    sizes: Annotated[np.ndarray, Table("<i8", ("V", 2))]  # width and height in pixels, to which the intrinsics refer
    originals: Annotated[np.ndarray, Table("<i8", ("V", 2))] | None = None  # sizes of the photos before cropping
    # EXIF orientations that were applied to the photos' stored pixels, 1 to 8; 1 also where they are used as stored.
    turns: Annotated[np.ndarray, Table("<i8", ("V",))] | None = None

    def __post_init__(self) -> None:
        if len(self.names) != len(self.c2w):
            raise ValueError(text("there are {} names of {} cameras", len(self.names), len(self.c2w)))

    def __len__(self) -> int:
        return len(self.names)

    def to_json(self) -> dict[str, Any]:
        """The content of a cameras.json."""
        return codec.encode(self)[0]

    def __getitem__(self, views: list[int]) -> CameraTable:
        """The cameras of some views, in the given order."""
        originals = None if self.originals is None else self.originals[views]
        turns = None if self.turns is None else self.turns[views]
        names = [self.names[view] for view in views]
        return CameraTable(names, self.c2w[views], self.intrinsics[views], self.sizes[views], originals, turns)


@dataclass(frozen=True)
class Figures:
    """Image quality of splats over held-out photos."""

    psnr: float  # dB
    ssim: float


@dataclass(frozen=True)
class PhotoFigures:
    """How well splats match each of the photos that they were made from."""

    psnr: dict[str, float]  # dB, by name, of pictures of the size in use
    set_aside: list[str] = field(default_factory=list)  # names of those that judged the refinement


@dataclass(frozen=True)
class Refinement:
    """How splats were refined."""

    steps: int
    set_aside: int  # number of input photos that judged it; 0 if there were too few photos
    expected: float | None = None  # seconds that it was expected to take, from the speed of its first steps; None for very few
    psnr: float | None = None  # dB over these, the last time before splats learned from them too; None without any
    finished: bool = False  # whether it was ended early on request
    improved: bool = True  # whether its steps made splats that are better than those it was given
    continued: bool = False  # whether it went on from refined splats
    judges: list[str] = field(default_factory=list)  # names of the photos set aside


@dataclass(frozen=True)
class Drawing:
    """What drew splats, and why nothing better did, as sentences."""

    by: Text  # such as "Processor" or "WebGPU (name of the GPU)"
    not_cuda: Text = field(default_factory=Text)  # empty where nothing stands in the way or it is not better
    not_webgpu: Text = field(default_factory=Text)

    @property
    def why(self) -> Text:
        """Why nothing better drew, in one text."""
        return listed([reason for reason in (self.not_cuda, self.not_webgpu) if reason], " ")

    def report(self) -> dict[str, Any]:
        """The part of a report.json."""
        reasons = {"cuda": self.not_cuda, "webgpu": self.not_webgpu}
        return {"by": str(self.by), "not_by": {kind: str(reason) for kind, reason in reasons.items() if reason}}


@dataclass(frozen=True)
class Level:
    """A triangle mesh with colored vertices, and the same as a file. Faces are counterclockwise seen from outside."""

    vertices: Annotated[np.ndarray, Array("<f4", ("N", 3))]  # world units
    faces: Annotated[np.ndarray, Array("<i4", ("M", 3))]  # indices of vertices
    colors: Annotated[np.ndarray, Array("<f4", ("N", 3))]  # sRGB, 0 to 1
    glb: File
    uv: Annotated[np.ndarray, Array("<f4", ("M", 3, 2))] | None = None  # texture coordinates of the faces' corners, v up
    texture: File | None = None  # a PNG or JPEG file in sRGB, as those below; None for a mesh with only vertex colors
    normal_map: File | None = None  # in tangent space, x right and y up as in glTF
    occlusion: File | None = None  # white where the surface is open


@dataclass(frozen=True)
class Hull:
    """A convex mesh for collisions."""

    vertices: Annotated[np.ndarray, Array("<f4", ("N", 3))]  # world units
    faces: Annotated[np.ndarray, Array("<i4", ("M", 3))]


@dataclass(frozen=True)
class Surface(Level):
    """The mesh of a scene, with coarser levels of detail and a collider if the settings want them."""

    lod1: Level | None = None  # 25 % of the faces
    lod2: Level | None = None  # 5 %
    collider: Hull | None = None


@dataclass(frozen=True)
class ReconstructResult:
    """A reconstructed or extended scene."""

    gaussians: Splats
    cameras: CameraTable  # of all photos
    views: int  # number of photos used: the network reads some, refinement uses all
    seconds: dict[str, float]  # by part of the job: load, encode, decode, refine, mesh
    figures: Figures | None = None  # None if no photos are held out, here and below
    decoded: Figures | None = None  # before refinement
    exposed: Figures | None = None  # with the exposure of each photo fitted
    mesh: Surface | None = None
    copies: Files = field(default_factory=dict)  # JPEG files of new photos that Blender would show wrongly or not at all, by name
    refinement: Refinement | None = None  # None if splats were not refined
    photos: PhotoFigures | None = None  # None if nobody asked for them, and for drafts
    drawing: Drawing | None = None

    def report(self) -> dict[str, Any]:
        """The content of a report.json."""
        decoded = {"decoded": _plain(self.decoded)} if "refine" in self.seconds else {}
        exposed = {"exposed": _plain(self.exposed)} if self.exposed else {}
        refinement = {"refinement": asdict(self.refinement)} if self.refinement else {}
        figures = {**_plain(self.figures), **exposed, "splats": len(self.gaussians)}
        photos = {"photos": asdict(self.photos)} if self.photos else {}
        drawing = {"drawing": self.drawing.report()} if self.drawing else {}
        return {**decoded, "views": self.views, "seconds": dict(self.seconds), **refinement, **figures, **photos, **drawing}


@dataclass(frozen=True)
class PosesResult:
    """Camera poses of photos."""

    cameras: CameraTable


@dataclass(frozen=True)
class ExportResult:
    """A scene as a file."""

    file: File


@dataclass(frozen=True)
class DecodeResult:
    """Decoded splats."""

    gaussians: Splats
    figures: Figures | None = None  # None where no photos are held out


@dataclass(frozen=True)
class RefineResult:
    """Refined splats."""

    gaussians: Splats
    figures: Figures | None = None  # None where no photos are held out
    exposed: Figures | None = None  # with the exposure of each photo fitted
    refinement: Refinement | None = None
    photos: PhotoFigures | None = None  # None for drafts that did not get better
    drawing: Drawing | None = None


@dataclass(frozen=True)
class MeshResult:
    """A mesh of splats."""

    mesh: Surface


@dataclass(frozen=True)
class BakeResult:
    """Images of a mesh."""

    # The bytes of files, by name: base_color, normal_map, occlusion; with “.1001” and so on where UVs lie in several UDIM tiles.
    textures: Files


@dataclass(frozen=True)
class RenderResult:
    """Pictures of splats."""

    pictures: Pictures  # [H, W, 3] sRGB, from the cameras of photos, by the photos' names


def _plain(figures: Figures | None) -> dict[str, float]:
    return asdict(figures) if figures else {}
