# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of jobs: name on the wire, settings and result of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from . import results, settings

Settings = TypeVar("Settings")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Kind(Generic[Settings, Result]):
    """A kind of job, as worker and client both know it."""

    name: str
    settings: type[Settings]
    result: type[Result]


RECONSTRUCT = Kind("reconstruct", settings.ReconstructSettings, results.ReconstructResult)
EXTEND = Kind("extend", settings.ExtendSettings, results.ReconstructResult)
POSES = Kind("poses", settings.PosesSettings, results.PosesResult)
EXPORT = Kind("export", settings.ExportSettings, results.ExportResult)
DECODE = Kind("decode", settings.DecodeSettings, results.DecodeResult)
REFINE = Kind("refine", settings.RefineSettings, results.RefineResult)
MESH = Kind("mesh", settings.MeshSettings, results.MeshResult)
BAKE = Kind("bake", settings.BakeSettings, results.BakeResult)
RENDER = Kind("render", settings.RenderSettings, results.RenderResult)
