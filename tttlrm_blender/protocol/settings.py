# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person can choose, one dataclass per job: the same for the panel, the batch, the command and the tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from .fields import LARGEST, Choice, Numbers, choice, group, number, path, several, switch, worded

MOST_PHOTOS = 100_000
MOST_SPLATS = 1_000_000_000
MOST_PIXELS = 32_768  # along a side
MOST_UNITS = 1e9  # of length in a world

STARTS = (
    Choice("auto", "Choose", "Sparse points of the photos, and decoded splats where these resemble the photos"),
    Choice("decoded", "Decoded Splats", "What is there, without sparse points"),
    Choice("points", "Sparse Points", "Sparse points of the photos alone"),
    Choice("both", "Both", "Sparse points and decoded splats"),
)
STRATEGIES = (
    Choice("split", "Split", "Splats that the photos pull most are split; transparent ones are removed"),
    Choice("mcmc", "MCMC", "Transparent splats move to opaque ones; opacity and size are penalized, faint splats stirred"),
)
ORIENTATIONS = (
    Choice("auto", "Where Estimated", "Turn scenes whose cameras had to be estimated upright; others stay in their world"),
    Choice("always", "Always", "Turn every scene upright"),
    Choice("never", "Never", "Leave every scene as its cameras have it"),
)
SCANS = (
    Choice("full", "One Pass", "All photos at once: the sharpest"),
    Choice("ar", "Chunk by Chunk", "A few photos at a time: for very many photos"),
)
FORMATS = (
    Choice("ply", "PLY", "The splats, as most programs read them"),
    Choice("compressed.ply", "Compressed PLY", "The splats in a quarter of the size"),
    Choice("spz", "SPZ", "The splats in a tenth of the size"),
    Choice("splat", "Splat", "The splats without colors that depend on the direction of view"),
    Choice("splats.glb", "Splats in GLB", "The splats as a glTF scene"),
    Choice("glb", "GLB", "The mesh"),
    Choice("json", "JSON", "The cameras"),
)
DISTANCE = r".+:.+=(?=[0-9.]*[1-9])([0-9]{1,9}(\.[0-9]{0,9})?|\.[0-9]{1,9})"  # first:second=meters

# What several jobs have in common.
_world_distance = partial(number, 0.0, 0, MOST_UNITS, unit="distance")
_sh_degree = partial(number, 3, 0, 3, "SH Degree", "How finely color depends on the direction of view")
_poses = partial(path, "auto", "Poses", "“auto”, “estimate”, or a file or folder of camera poses", "estimate")
_orient = partial(choice, "auto", "Upright", "Whether the scene is turned upright, put on the ground and centered", ORIENTATIONS)
_distance = partial(
    worded,
    "Distance",
    "How many meters apart two photos were taken: a.jpg:b.jpg=2.5; empty where nobody knows",
    DISTANCE,
    "a.jpg:b.jpg=2.5",
)
_remove_background = partial(path, "", "Cut Out", "An ONNX network that finds things, to remove what is behind; empty: no")
_side = partial(number, 0, 0, MOST_PIXELS, unit="pixels", option="size")


@dataclass(frozen=True)
class DecodeSettings:
    """How kept query tokens become splats."""

    views: int = number(
        0, 0, MOST_PHOTOS, "Views", "Photos that splats are read for; 0 for as many as are sensible", option="query-views"
    )
    # By itself: 40 %, and 30 % from 64 views on, as the paper does.
    keep: float = number(
        0.0, 0, 1, "Keep", "Share of the most opaque pixels that become splats; 0 chooses by itself", unit="share"
    )
    explore: float = number(
        0.1, 0, 1, "Explore", "Random share of the fainter pixels kept too, as a fraction of Keep", unit="share"
    )
    min_opacity: float = number(0.0, 0, 1, "Least Opacity", "Splats fainter than this are dropped", unit="share")
    max_splats: int = number(0, 0, MOST_SPLATS, "Most Splats", "Upper bound on the number of splats; 0 for none")
    sh_degree: int = _sh_degree()
    scale: float = number(1.0, 0.01, 1000, "Splat Size", "Factor on the size of every splat", soft_most=4, option="splat-scale")
    size_limit: float = number(
        0.0,
        0,
        1000,
        "Size Limit",
        "Largest splat, as a share of its distance from the nearest photo's camera; 0 for none",
        soft_most=0.5,
    )
    near: float = _world_distance("Near", "Splats nearer than this to a photo's camera are dropped")
    far: float = _world_distance("Far", "Splats farther than this from the cameras of all photos are dropped; 0 for none")
    # A 4×4 matrix by rows, which maps the box to the cube of −1 to 1.
    crop: tuple[float, ...] = several(
        Numbers(False, -LARGEST, LARGEST), (0, 16), "Crop Box", "Splats outside this box are dropped"
    )
    merge: float = _world_distance("Merge Distance", "Splats in a cube of this side become one; 0 for none")
    floaters: float = number(
        0.0,
        0,
        1,
        "Drop Floaters",
        "How strictly splats are dropped that lie apart from others; 0 for not at all",
        unit="share",
    )
    seed: int = number(0, 0, 2**31 - 1, "Seed", "Of the random choice among the faint splats")


@dataclass(frozen=True)
class RefineSettings:
    """How long splats are optimised against the photos. What runs out first of steps, passes and seconds ends the work."""

    steps: int = number(0, 0, 100_000_000, "Steps", "Optimization steps; 0 for no limit by these", option="refine")
    passes: int = number(0, 0, 1_000_000, "Passes", "Over all photos, a step for each; 0 for no limit by these", option="refine")
    seconds: float = number(
        0.0, 0, 10_000_000, "Seconds", "Time to spend; 0 for no limit by time", unit="seconds", option="refine"
    )
    start: str = choice("auto", "Start", "What is optimized", STARTS)
    exposure: bool = switch(False, "Exposure", "Photos were metered one by one: let each have its exposure")
    poses: bool = switch(
        False, "Correct Poses", "Learn small corrections of the cameras while the splats are learned", option="correct-poses"
    )
    sky: bool = switch(True, "Sky", "Far splats where the photos look past everything near")
    densify: str = choice("split", "Densify", "Where splats are added and removed", STRATEGIES)
    max_splats: int = number(200_000, 1, MOST_SPLATS, "Most Splats", "Splats are added up to here", option="refine-max-splats")
    sh_degree: int = _sh_degree(option="refine-sh-degree")

    @property
    def wanted(self) -> bool:
        """Whether there is anything to do."""
        return self.steps > 0 or self.passes > 0 or self.seconds > 0


@dataclass(frozen=True)
class MeshSettings:
    """How splats become a surface."""

    resolution: int = number(
        192, 8, 1024, "Resolution", "Voxels along the longest side of the scene", soft_most=512, option="mesh-resolution"
    )
    voxel: float = _world_distance("Voxel Size", "Side of a voxel, in place of a resolution; 0 for none")
    min_piece: float = number(0.02, 0, 1, "Smallest Piece", "Pieces with a smaller share of the faces are dropped", unit="share")
    faces: int = number(
        0, 0, 1_000_000_000, "Most Faces", "Triangles to which the mesh is simplified; 0 for as many as there are"
    )
    texture: int = number(2048, 0, 8192, "Texture Size", "Pixels along a side of the texture; 0 for vertex colors", unit="pixels")


@dataclass(frozen=True)
class ReconstructSettings:
    """How photos become a scene."""

    poses: str = _poses()
    orient: str = _orient()
    distance: str = _distance()
    # Chosen by k-means over the cameras.
    views: int = number(0, 0, MOST_PHOTOS, "Views", "Photos given to the network; 0 for all that make sense")
    width: int = _side("Width", "Of the photos as they are used; 0 for their own")
    height: int = _side("Height", "Of the photos as they are used; 0 for their own")
    # By name; in place of every n-th photo the data set's own test photos, where it has some.
    hold_out: int = number(0, 0, MOST_PHOTOS, "Hold Out", "Every n-th photo is kept for measuring; 0 for none")
    scan: str = choice("full", "Scan", "How the photos are read", SCANS)
    elastic: bool = switch(False, "Elastic", "Hold the memory of early photos in long scans")
    checkpoint: str = path("default", "Checkpoint", "“default”, or a file with the network's weights")
    remove_background: str = _remove_background()
    decode: DecodeSettings = field(default_factory=DecodeSettings, metadata=group(DecodeSettings))
    refine: RefineSettings = field(default_factory=RefineSettings, metadata=group(RefineSettings))
    mesh: MeshSettings | None = field(default=None, metadata=group(MeshSettings, optional=True))


@dataclass(frozen=True)
class ExtendSettings:
    """How more photos refine a scene. They lie in its folder, beside those that it has already."""

    poses: str = _poses()  # of all photos
    views: int = number(0, 0, MOST_PHOTOS, "Views", "New photos given to the network; 0 for all that make sense")
    remove_background: str = _remove_background()
    decode: DecodeSettings = field(default_factory=DecodeSettings, metadata=group(DecodeSettings))
    refine: RefineSettings = field(default_factory=RefineSettings, metadata=group(RefineSettings))
    mesh: MeshSettings | None = field(default=None, metadata=group(MeshSettings, optional=True))


@dataclass(frozen=True)
class PosesSettings:
    """Where the cameras of photos stand, without more."""

    poses: str = _poses()
    orient: str = _orient()
    distance: str = _distance()


@dataclass(frozen=True)
class ExportSettings:
    """Which file a scene becomes."""

    format: str = choice("ply", "Format", "What is written, and how", FORMATS)


@dataclass(frozen=True)
class RenderSettings:
    """Which pictures of a scene to draw."""

    views: tuple[int, ...] = several(
        Numbers(True, 0, MOST_PHOTOS), (), "Views", "Numbers of the scene's photos, by name from 0 on; none for all"
    )
    width: int = _side("Width", "Of the pictures; 0 for that at which the scene was reconstructed")
    height: int = _side("Height", "Of the pictures; 0 for that at which the scene was reconstructed")
