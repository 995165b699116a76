# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person can choose, one dataclass per job: the same for the panel, the batch, the command and the tests."""

from __future__ import annotations

from dataclasses import Field, asdict, dataclass, field, fields
from math import inf, isfinite
from typing import Any, TypeVar

from ..errors import Text, TttlrmError, text

Settings = TypeVar("Settings")
MOST = 1e300  # of whole numbers where others may be given
PATH = {"path": True}  # metadata of a setting that names a file or folder, unless it has its default value
POSES = {**PATH, "words": ("estimate",)}  # … or one of these words


def number(default: float, least: float = -inf, most: float = inf) -> Any:
    """A field for numbers from `least` to `most`."""
    return field(default=default, metadata={"bounds": (least, most)})


def several(like: float, *counts: int) -> Any:
    """A field for none or several numbers of the type of `like`: as many as one of `counts`, if these are given."""
    return field(default=(), metadata={"like": like, "counts": counts})


@dataclass(frozen=True)
class DecodeSettings:
    """How kept query tokens become splats."""

    views: int = number(0, 0)  # query views that are read, spread over the scene; 0 for at most 16
    keep: float = number(0.0, 0, 1)  # share of the most opaque pixels; 0 chooses as the paper does (40 %, 30 % from 64 views on)
    explore: float = number(0.1, 0, 1)  # random share of the rest kept too, as a fraction of `keep`
    min_opacity: float = number(0.0, 0, 1)  # splats fainter than this are dropped
    max_splats: int = number(0, 0)  # upper bound on the number of splats, most opaque first; 0 for none
    sh_degree: int = number(3, 0, 3)  # or less where the network gives less
    scale: float = number(1.0, 0.01)  # factor on the size of every splat
    size_limit: float = number(0.0, 0)  # largest size, as a share of the distance from the nearest query camera; 0 for none
    near: float = number(0.0, 0)  # splats nearer than this to a query camera are dropped, in world units
    far: float = number(0.0, 0)  # splats farther than this from all query cameras are dropped, in world units; 0 for none
    crop: tuple[float, ...] = several(
        0.0, 0, 16
    )  # 4×4 matrix by rows, world → cube of −1 to 1: what is outside goes; () for none
    merge: float = number(0.0, 0)  # side of the cubes in which splats become one, in world units; 0 for none
    floaters: float = number(0.0, 0, 1)  # how strictly lone splats are dropped; 0 for not at all
    seed: int = number(0, 0, 2**31 - 1)  # of the random choice among the faint splats


@dataclass(frozen=True)
class RefineSettings:
    """How long splats are optimised against the photos."""

    steps: int = 0  # optimisation steps; 0 for no limit by these
    passes: int = 0  # over the input photos, each a step; 0 for no limit by these
    seconds: float = 0.0  # wall-clock budget; 0 for no limit by time. What runs out first ends the work
    start: str = "auto"  # "decoded" splats, sparse "points" of the photos, "both", or what explains the photos better
    exposure: bool = False  # photos were metered one by one: find what each made of the colours
    poses: bool = False  # learn small corrections of the cameras' poses
    sky: bool = True  # put far splats where the photos look past everything near
    densify: str = "split"  # "split" those that photos pull most, or "mcmc": move the transparent ones, stir, penalise
    max_splats: int = 200_000  # splats are added up to here
    sh_degree: int = 3

    @property
    def wanted(self) -> bool:
        """Whether there is anything to do."""
        return self.steps > 0 or self.passes > 0 or self.seconds > 0


@dataclass(frozen=True)
class MeshSettings:
    """How splats become a surface."""

    resolution: int = number(192, 8, 1024)  # voxels along the longest side of the scene's box
    voxel: float = number(0.0, 0)  # side of a voxel in world units, in place of a resolution; 0 for none
    min_piece: float = number(0.02, 0, 1)  # connected pieces with a smaller share of the faces are dropped
    faces: int = number(0, 0)  # most triangles, to which the surface is simplified; 0 for all
    texture: int = number(2048, 0, 8192)  # pixels along a side of the texture; 0 for vertex colours alone


@dataclass(frozen=True)
class ReconstructSettings:
    """How photos become a scene."""

    poses: str = field(default="auto", metadata=POSES)  # "auto": beside the photos, else "estimate" them; or a file or folder
    orient: str = "auto"  # "auto" turns scenes whose poses were estimated upright, "always" all, "never" none
    distance: str = ""  # "a.jpg:b.jpg=2.5" says how many metres apart two cameras stood
    views: int = 0  # photos given to the network, chosen by k-means over the cameras; 0 for as many as are sensible
    width: int = 0  # of the photos as they are used; 0 for the photo's own size, bounded
    height: int = 0
    hold_out: int = 0  # every n-th photo by name is kept for measuring, or the data set's own test photos; 0 for none
    scan: str = "full"  # "full": one pass over all photos; "ar": chunk by chunk
    elastic: bool = False  # elastic fast-weight update, for long autoregressive scans
    checkpoint: str = field(default="default", metadata=PATH)  # "default" or a file
    remove_background: str = field(default="", metadata=PATH)  # an ONNX file that finds things, to lay them on white; "": no
    decode: DecodeSettings = field(default_factory=DecodeSettings)
    refine: RefineSettings = field(default_factory=RefineSettings)
    mesh: MeshSettings | None = None  # None for no mesh


@dataclass(frozen=True)
class ExtendSettings:
    """How more photos refine a scene. They lie in its folder, beside those that it has already."""

    poses: str = field(default="auto", metadata=POSES)  # of all photos, as in `ReconstructSettings`
    views: int = 0  # of the new photos given to the network; 0 for as many as are sensible
    remove_background: str = field(default="", metadata=PATH)  # as in `ReconstructSettings`
    decode: DecodeSettings = field(default_factory=DecodeSettings)
    refine: RefineSettings = field(default_factory=RefineSettings)
    mesh: MeshSettings | None = None  # None for no mesh


@dataclass(frozen=True)
class PosesSettings:
    """Where the cameras of photos stand, without more; as in `ReconstructSettings`."""

    poses: str = field(default="auto", metadata=POSES)
    orient: str = "auto"
    distance: str = ""


@dataclass(frozen=True)
class ExportSettings:
    """Which file a scene becomes."""

    # "ply", "compressed.ply", "spz", "splat" or "splats.glb" of the splats, "glb" of the mesh, "json" of the cameras
    format: str = "ply"


@dataclass(frozen=True)
class RenderSettings:
    """Which pictures of a scene to draw."""

    views: tuple[int, ...] = several(0)  # indices into the scene's photos by name; empty for all
    width: int = 0  # 0 for the size the scene was reconstructed at
    height: int = 0


NESTED = {"decode": DecodeSettings, "refine": RefineSettings, "mesh": MeshSettings}


def to_json(settings: Any) -> dict[str, Any]:
    """A settings dataclass as plain JSON values."""
    return asdict(settings)


def from_json(kind: type[Settings], values: Any) -> Settings:
    """A settings dataclass from a JSON object. Unknown names and values of the wrong type raise `TttlrmError`."""
    if not isinstance(values, dict):
        raise TttlrmError("The settings {} cannot be {}.", kind.__name__, repr(values), code="bad_settings")
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise TttlrmError("The settings name {}, which {} does not have.", ", ".join(unknown), kind.__name__, code="bad_settings")
    default = kind()
    return kind(**{name: _checked(known[name], value, getattr(default, name), kind) for name, value in values.items()})


def _checked(setting: Field, value: Any, default: Any, kind: type) -> Any:
    if setting.name in NESTED:
        return None if value is None and default is None else from_json(NESTED[setting.name], value)
    if isinstance(default, tuple):
        return _several(setting, value, kind)
    value = _typed(setting, value, default, kind)
    least, most = setting.metadata.get("bounds", (-inf, inf))
    if not isinstance(value, str) and not least <= value <= most:
        raise _refusal(
            setting, value, kind, text("Choose {} to {}.", least, most) if isfinite(most) else text("Choose at least {}.", least)
        )
    return value


def _several(setting: Field, value: Any, kind: type) -> tuple[Any, ...]:
    like, counts = setting.metadata["like"], setting.metadata["counts"]
    if not isinstance(value, list | tuple) or (counts and len(value) not in counts):
        raise _refusal(setting, value, kind)
    return tuple(_typed(setting, item, like, kind) for item in value)


def _typed(setting: Field, value: Any, like: Any, kind: type) -> Any:
    """A finite value of the type of another."""
    if isinstance(like, float) and type(value) is int and abs(value) <= MOST:
        value = float(value)
    if type(value) is not type(like) or (isinstance(value, float) and not isfinite(value)):
        raise _refusal(setting, value, kind)
    return value


def _refusal(setting: Field, value: Any, kind: type, hint: str | Text = "") -> TttlrmError:
    values = (setting.name, kind.__name__, repr(value))
    return TttlrmError("The setting {} of {} cannot be {}.", *values, hint=hint, code="bad_settings")
