# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings, one dataclass per job, shared by panel, batch, command line and tests."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial

from .fields import LARGEST, Choice, Numbers, Off, choice, group, number, path, several, switch, worded

MOST_PHOTOS = 100_000
MOST_SPLATS = 1_000_000_000
MOST_PIXELS = 32_768  # along a side
MOST_UNITS = 1e9  # of length

QUALITIES = (
    Choice("draft", "Draft", "Splats as the network decodes them, without refinement, in seconds"),
    Choice("good", "Good", "Refine until photos set aside stop improving, for one to three minutes at most"),
    Choice("best", "Best", "Refine up to four times longer than Good, for the last bit of quality"),
)
STARTS = (
    Choice("auto", "Automatic", "Sparse points of the photos, plus decoded splats where these match the photos"),
    Choice("decoded", "Decoded Splats", "Only decoded splats, without sparse points"),
    Choice("points", "Sparse Points", "Only sparse points of the photos"),
    Choice("both", "Both", "Sparse points and decoded splats"),
)
STRATEGIES = (
    Choice("split", "Split", "Split splats with the largest gradients, and remove transparent ones"),
    Choice("mcmc", "MCMC", "Move transparent splats to opaque ones, penalize opacity and size, and add noise to faint splats"),
)
ORIENTATIONS = (
    Choice("auto", "If Estimated", "Turn scenes with estimated cameras upright, and keep others as they are"),
    Choice("always", "Always", "Turn every scene upright"),
    Choice("never", "Never", "Keep every scene as its cameras define it"),
)
SCANS = (
    Choice("full", "Single Pass", "Read all photos at once, for the sharpest result"),
    Choice("ar", "In Chunks", "Read a few photos at a time, for large photo sets"),
)
FORMATS = (
    Choice("ply", "PLY", "Splats in the most common format"),
    Choice("compressed.ply", "Compressed PLY", "Splats in a quarter of the size"),
    Choice("spz", "SPZ", "Splats in a tenth of the size"),
    Choice("splat", "Splat", "Splats without view-dependent color"),
    Choice("splats.glb", "Splats in GLB", "Splats as a glTF scene"),
    Choice("glb", "GLB", "The mesh"),
    Choice("json", "JSON", "The cameras"),
)
SURFACES = (
    Choice("photos", "Photos", "From the depth of the photos, and of the splats where that is unsure"),
    Choice("network", "Network", "From the network’s memory of the photos, in seconds, coarser and without refinement"),
)
IMAGES = (
    Choice("jpeg", "JPEG", "Small files"),
    Choice("png", "PNG", "Lossless files, several times as large"),
)
DISTANCE = r".+:.+=(?=[0-9.]*[1-9])([0-9]{1,9}(\.[0-9]{0,9})?|\.[0-9]{1,9})"  # first:second=meters

_automatic = partial(Off, "for automatic")
_unlimited = partial(Off, "for no limit")

# Settings that several jobs share.
_world_distance = partial(number, 0.0, 0, MOST_UNITS, unit="distance")
_sh_degree = partial(number, 3, 0, 3, "SH Degree", "Degree of the spherical harmonics, for view-dependent color")
_poses = partial(path, "auto", "Poses", "“auto”, “estimate”, or a file or folder of camera poses", "estimate")
_orient = partial(choice, "auto", "Upright", "When to turn the scene upright, place it on the ground and center it", ORIENTATIONS)
_distance = partial(
    worded,
    "Distance",
    "Distance in meters between two photos, such as a.jpg:b.jpg=2.5; empty if unknown",
    DISTANCE,
    "a.jpg:b.jpg=2.5",
)
_remove_background = partial(
    path, "", "Cut Out", "ONNX network that segments the foreground, to remove the background; empty for none"
)
_image = partial(choice, "jpeg", "Image Format", "File format of textures", IMAGES)
_normal_map = partial(switch, True, "Normal Map", "Show the shape of the dense surface on a mesh with fewer faces")
_occlusion = partial(
    switch,
    False,
    "Occlusion",
    "Make an image of ambient occlusion; photos have most of these shadows in their colors already",
)
_side = partial(number, 0, 0, MOST_PIXELS, unit="pixels", option="size")


@dataclass(frozen=True)
class LookSettings:
    """Which splats are shown, and how large; in Blender for splats of any kind, without changing them."""

    min_opacity: float = number(0.0, 0, 1, "Min Opacity", "Drop splats fainter than this", unit="share")
    max_splats: int = number(0, 0, MOST_SPLATS, "Max Splats", "Limit on the number of splats", off=_unlimited(100_000))
    scale: float = number(1.0, 0.01, 1000, "Splat Size", "Factor on the size of every splat", soft_most=4, option="splat-scale")
    size_limit: float = number(
        0.0,
        0,
        1000,
        "Size Limit",
        "Limit on the size of splats, relative to their distance from the nearest camera",
        soft_most=0.5,
        off=_unlimited(0.02),
    )
    near: float = _world_distance("Near", "Drop splats nearer than this to any camera")
    far: float = _world_distance("Far", "Drop splats farther than this from all cameras", off=_unlimited(10.0))
    # A 4×4 matrix in row-major order that maps the box to the cube from −1 to 1.
    crop: tuple[float, ...] = several(Numbers(False, -LARGEST, LARGEST), (0, 16), "Crop Box", "Drop splats outside this box")
    floaters: float = number(
        0.0,
        0,
        1,
        "Floaters",
        "How strictly to drop small groups of splats that hang in the air",
        unit="share",
        off=Off("to keep all", 0.5),
    )
    fog: float = number(
        0.0,
        0,
        1,
        "Fog",
        "How strictly to drop splats that are faint and large, and veils before the cameras",
        unit="share",
        off=Off("to keep all", 0.5),
    )


@dataclass(frozen=True)
class DecodeSettings(LookSettings):
    """How splats are decoded from a scene's memory, and which of them are kept."""

    views: int = number(
        0, 0, MOST_PHOTOS, "Views", "Photos that splats are decoded for", option="query-views", off=_automatic(16)
    )
    # Automatic: 40 %, and 30 % from 64 views on, as in the paper.
    keep: float = number(
        0.0, 0, 1, "Keep", "Share of pixels that become splats, the most opaque first", unit="share", off=_automatic(0.4)
    )
    explore: float = number(
        0.1, 0, 1, "Explore", "Random share of fainter pixels to keep as well, as a fraction of Keep", unit="share"
    )
    sh_degree: int = _sh_degree()
    merge: float = _world_distance("Merge Distance", "Merge splats within cubes of this size", off=Off("for no merging", 0.01))
    seed: int = number(0, 0, 2**31 - 1, "Seed", "Seed of the random choice among fainter pixels")


@dataclass(frozen=True)
class RefineSettings:
    """How splats are optimized against the photos, and for how long.

    Limits on steps, passes or seconds replace the quality; the first one reached ends the refinement.
    """

    quality: str = choice(
        "good", "Quality", "How long splats are refined; limits on steps, passes or seconds replace it", QUALITIES
    )
    steps: int = number(0, 0, 100_000_000, "Steps", "Limit on optimization steps", option="refine", off=_unlimited(1000))
    passes: int = number(
        0,
        0,
        1_000_000,
        "Passes",
        "Limit on passes over all photos, with a step for each photo",
        option="refine",
        off=_unlimited(20),
    )
    seconds: float = number(0.0, 0, 10_000_000, "Time", "Limit on time", unit="seconds", option="refine", off=_unlimited(120.0))
    start: str = choice("auto", "Start", "Initial splats of the optimization", STARTS)
    exposure: bool = switch(
        True, "Even Light", "Even out exposure, white balance and dark corners where they differ from photo to photo"
    )
    poses: bool = switch(
        False, "Correct Poses", "Optimize small corrections of the camera poses together with the splats", option="correct-poses"
    )
    sky: bool = switch(True, "Sky", "Add distant splats where photos look past everything near")
    antialiased: bool = switch(
        True, "Anti-Aliased", "Make splats that look right at any size; off for programs that only know classic splats"
    )
    surface: bool = switch(False, "For a Mesh", "Make splats that lie flat on surfaces, for truer normals", option="for-mesh")
    densify: str = choice("split", "Densify", "How splats are added and removed", STRATEGIES)
    max_splats: int = number(
        0,
        0,
        MOST_SPLATS,
        "Max Splats",
        "Limit on the number of refined splats",
        option="refine-max-splats",
        off=_automatic(200_000),
    )
    sh_degree: int = _sh_degree(option="refine-sh-degree")

    @property
    def limited(self) -> bool:
        """Whether there are limits, which replace the quality."""
        return self.steps > 0 or self.passes > 0 or self.seconds > 0

    @property
    def wanted(self) -> bool:
        """Whether splats are refined at all."""
        return self.limited or self.quality != "draft"

    def with_quality(self, quality: str) -> RefineSettings:
        """The same settings with a quality instead of limits."""
        return replace(self, quality=quality, steps=0, passes=0, seconds=0.0)


DRAFT = RefineSettings(quality="draft")  # no refinement


@dataclass(frozen=True)
class MeshSettings:
    """How a mesh is made of a scene."""

    source: str = choice("photos", "Surface From", "Where the surface comes from", SURFACES, option="mesh-from")
    resolution: int = number(
        0,
        0,
        2048,
        "Resolution",
        "Voxels along the longest side of the scene",
        soft_most=1024,
        off=Off("for as many as the photos show", 256),
        option="mesh-resolution",
    )
    voxel: float = _world_distance(
        "Voxel Size", "Size of a voxel, instead of a resolution", off=Off("to use the resolution", 0.01)
    )
    min_piece: float = number(0.01, 0, 1, "Min Island", "Drop islands with a smaller share of the faces", unit="share")
    fill_holes: float = number(
        0.01,
        0,
        1,
        "Fill Holes",
        "Close holes up to this size, relative to the longest side of the scene",
        unit="share",
    )
    watertight: bool = switch(False, "Watertight", "Close every hole, also where no photo shows a surface")
    cut_ground: bool = switch(False, "Cut Ground", "Leave out the ground, so that only what stands on it is left")
    smooth: int = number(5, 0, 50, "Smooth", "Iterations of smoothing that keeps edges sharp")
    faces: int = number(
        50_000, 0, 1_000_000_000, "Max Faces", "Simplify the mesh to this many triangles", off=Off("to keep all", 50_000)
    )
    lods: bool = switch(False, "Detail Levels", "Also make meshes with 25 % and 5 % of the faces")
    collider: bool = switch(False, "Collider", "Also make a convex hull for collisions")
    texture: int = number(
        2048,
        0,
        8192,
        "Texture Size",
        "Pixels along a side of the texture",
        unit="pixels",
        off=Off("for vertex colors", 2048),
    )
    image: str = _image()
    normal_map: bool = _normal_map()
    occlusion: bool = _occlusion()


@dataclass(frozen=True)
class BakeSettings:
    """How photos are baked onto a mesh that has texture coordinates."""

    # Triangles as .npz with arrays vertices, faces and uv, or as .obj, .glb or .ply, in the world of the scene.
    mesh: str = path("", "Mesh", "The mesh, with texture coordinates")
    dense: str = path("", "Dense Mesh", "A finer mesh of the same surface, for normals; empty for the scene's own mesh")
    texture: int = number(2048, 16, 8192, "Texture Size", "Pixels along a side of each image", unit="pixels")
    image: str = _image()
    normal_map: bool = _normal_map()
    occlusion: bool = _occlusion()


@dataclass(frozen=True)
class ReconstructSettings:
    """How a scene is reconstructed from photos."""

    poses: str = _poses()
    orient: str = _orient()
    distance: str = _distance()
    # Photos are selected by k-means over the cameras.
    views: int = number(0, 0, MOST_PHOTOS, "Views", "Limit on photos given to the network", off=_automatic(32))
    width: int = _side("Width", "Width to which photos are resized", off=_automatic(960))
    height: int = _side("Height", "Height to which photos are resized", off=_automatic(540))
    # Photos are sorted by name; a data set's own test photos replace every n-th photo.
    hold_out: int = number(0, 0, MOST_PHOTOS, "Hold Out", "Hold out every n-th photo for evaluation", off=Off("for none", 8))
    scan: str = choice("full", "Scan", "How the network reads the photos", SCANS)
    elastic: bool = switch(False, "Elastic", "Preserve the memory of early photos in long scans; the default network always does")
    checkpoint: str = path(
        "default", "Checkpoint", "File of network weights", off=Off("for those that come with tttLRM", "", "default")
    )
    remove_background: str = _remove_background()
    decode: DecodeSettings = field(default_factory=DecodeSettings, metadata=group(DecodeSettings))
    refine: RefineSettings = field(default_factory=RefineSettings, metadata=group(RefineSettings))
    mesh: MeshSettings | None = field(default=None, metadata=group(MeshSettings, optional=True))


@dataclass(frozen=True)
class ExtendSettings:
    """How a scene is extended with more photos, which are in its folder beside the others."""

    poses: str = _poses()  # of all photos
    views: int = number(0, 0, MOST_PHOTOS, "Views", "Limit on new photos given to the network", off=_automatic(32))
    remove_background: str = _remove_background()
    decode: DecodeSettings = field(default_factory=DecodeSettings, metadata=group(DecodeSettings))
    refine: RefineSettings = field(default_factory=RefineSettings, metadata=group(RefineSettings))
    mesh: MeshSettings | None = field(default=None, metadata=group(MeshSettings, optional=True))


@dataclass(frozen=True)
class PosesSettings:
    """How camera poses of photos are found, without a reconstruction."""

    poses: str = _poses()
    orient: str = _orient()
    distance: str = _distance()


@dataclass(frozen=True)
class ExportSettings:
    """How a scene is exported."""

    format: str = choice("ply", "Format", "Contents and file format", FORMATS)


@dataclass(frozen=True)
class RenderSettings:
    """Which pictures of a scene are rendered."""

    views: tuple[int, ...] = several(
        Numbers(True, 0, MOST_PHOTOS), (), "Views", "Indices of the scene's photos, sorted by name; none for all"
    )
    width: int = _side("Width", "Width of the pictures", off=Off("for that of the reconstruction", 960))
    height: int = _side("Height", "Height of the pictures", off=Off("for that of the reconstruction", 540))
