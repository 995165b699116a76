# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person can choose, one dataclass per job: the same for the panel, the batch, the command and the tests."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from math import isfinite
from typing import Any, TypeVar

from ..errors import TttlrmError

Settings = TypeVar("Settings")
PATH = {"path": True}  # metadata of a setting that names a file or folder, unless it has its default value
POSES = {**PATH, "words": ("estimate",)}  # … or one of these words


@dataclass(frozen=True)
class DecodeSettings:
    """How kept query tokens become splats."""

    views: int = 0  # query views that are read, spread over the scene; 0 for at most 16
    keep: float = 0.0  # share of the most opaque pixels kept; 0 chooses as the paper does (40 %, 30 % from 64 views on)
    explore: float = 0.1  # random share of the rest kept too, as a fraction of `keep`
    min_opacity: float = 0.0  # splats fainter than this are dropped
    max_splats: int = 0  # upper bound on the number of splats, most opaque first; 0 for none
    sh_degree: int = 3  # 0 to 3, or less where the network gives less
    scale: float = 1.0  # factor on the size of every splat
    seed: int = 0  # of the random choice among the faint splats


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

    resolution: int = 192  # voxels along the longest side of the scene's box
    min_piece: float = 0.02  # connected pieces with a smaller share of the faces are dropped


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

    format: str = "ply"  # "ply" or "spz" of the splats, "glb" of the mesh, "json" of the cameras


@dataclass(frozen=True)
class RenderSettings:
    """Which pictures of a scene to draw."""

    views: tuple[int, ...] = ()  # indices into the scene's photos by name; empty for all
    width: int = 0  # 0 for the size the scene was reconstructed at
    height: int = 0


NESTED = {"decode": DecodeSettings, "refine": RefineSettings, "mesh": MeshSettings}


def to_json(settings: Any) -> dict[str, Any]:
    """A settings dataclass as plain JSON values."""
    return asdict(settings)


def from_json(kind: type[Settings], values: Any) -> Settings:
    """A settings dataclass from a JSON object. Unknown names and values of the wrong type raise `TttlrmError`."""
    if not isinstance(values, dict):
        raise TttlrmError(f"The settings {kind.__name__} cannot be {values!r}.", code="bad_settings")
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise TttlrmError(f"The settings name {', '.join(unknown)}, which {kind.__name__} does not have.", code="bad_settings")
    default = kind()
    return kind(**{name: _checked(kind, name, value, getattr(default, name)) for name, value in values.items()})


def _checked(kind: type, name: str, value: Any, default: Any) -> Any:
    if name in NESTED:
        return None if value is None and default is None else from_json(NESTED[name], value)
    if isinstance(default, tuple) and isinstance(value, list) and all(type(item) is int for item in value):
        return tuple(value)
    if isinstance(default, float) and type(value) is int:
        return float(value)
    if type(value) is not type(default) or (isinstance(value, float) and not isfinite(value)):
        raise TttlrmError(f"The setting {name} of {kind.__name__} cannot be {value!r}.", code="bad_settings")
    return value
