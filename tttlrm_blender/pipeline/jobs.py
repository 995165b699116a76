# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of a scene. Panel, batch, command line and tests all end here, with the same settings."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from trimesh import Trimesh

from ..errors import Cancelled, Code, TttlrmError, text
from ..gaussians.formats.registry import noted, write_splats
from ..gaussians.gaussians import Gaussians
from ..geometry.cameras import Cameras
from ..mesh.fuse import fuse
from ..mesh.glb import glb_bytes
from ..mesh.mesh import collider_of, levels_of, mesh_arrays, points_of
from ..mesh.read import read_mesh, read_unwrapped
from ..mesh.tiles import bake_tiles
from ..model.network import TttLRM
from ..photos.copies import copies as copies_of
from ..photos.copies import turn_of
from ..photos.load import pinhole_cameras, used_size
from ..photos.photo import Photo
from ..poses.find import find_photos
from ..poses.world_frame import moved, scene_world
from ..progress import Report
from ..protocol import kinds
from ..protocol.results import (
    BakeResult,
    CameraTable,
    DecodeResult,
    ExportResult,
    Hull,
    Level,
    MeshResult,
    PosesResult,
    ReconstructResult,
    Refinement,
    RefineResult,
    RenderResult,
    Surface,
)
from ..protocol.settings import (
    BakeSettings,
    DecodeSettings,
    ExportSettings,
    ExtendSettings,
    MeshSettings,
    PosesSettings,
    ReconstructSettings,
    RefineSettings,
    RenderSettings,
)
from ..scratch import Scratch
from ..stages import Stage, Step
from . import plan, steps
from .ahead import FindPoints, points_ahead
from .depth import depth_for_mesh
from .drawing import drawing
from .job_kind import JobKind, by_name
from .network_surface import mesh_from_network
from .networks import load_network
from .requirements import require
from .scene import Reconstruction, Scene, kept_photos


class Clock:
    """Measures the seconds spent in parts of a job."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, part: str) -> Iterator[None]:
        """Time the enclosed block as a part."""
        start = time.perf_counter()
        yield
        self.seconds[part] = round(time.perf_counter() - start, 3)


def reconstruct(
    scene: Scene, settings: ReconstructSettings, report: Report, copies: bool = False, by_photo: bool = False
) -> ReconstructResult:
    """Reconstruct a scene: photos → fast weights → splats, then refinement and a mesh if the settings ask for them.

    With `copies`, the result contains copies of the photos that Blender cannot show as they are; `by_photo`, how well refined
    splats match each.
    """
    require(settings.remove_background)
    plan.reconstruction(scene.folder, settings, report)
    clock, model = Clock(), load_network(settings.checkpoint)
    with clock("load"):
        scene_photos = steps.load(scene, model.config.most_views, settings, report)
    new = scene_photos.by_name() if copies else []
    with points_ahead(scene_photos.files, settings.refine) as find:
        with clock("encode"):
            reconstruction = steps.encode_photos(model, scene_photos, settings, report)
        splats = _splats(model, reconstruction, settings, clock, report, find)
    return _finish(scene, reconstruction, splats, settings, clock, report, new, by_photo)


def extend(
    scene: Scene, settings: ExtendSettings, report: Report, copies: bool = False, by_photo: bool = False
) -> ReconstructResult:
    """Update a scene's fast weights with new photos in its folder; the result is that of `reconstruct`.

    Refinement continues from splats that were refined or edited; without refinement, these stay as they are. Others are decoded
    again first, and so are those of a refinement with another start.
    """
    require(settings.remove_background)
    clock, reconstruction = Clock(), scene.reconstruction()
    plan.extension(reconstruction.photos, settings, report)
    model = load_network(reconstruction.checkpoint)
    with clock("load"):
        new = steps.new_photos(scene, reconstruction, settings, report)
    with points_ahead(steps.by_name([*reconstruction.photos.files, *new]), settings.refine) as find:
        with clock("encode"):
            reconstruction = steps.encode_more(model, reconstruction, new, settings, report)
        before = scene.splats() if scene.precious else None
        splats = _splats(model, reconstruction, settings, clock, report, find, before, scene.refined)
    return _finish(scene, reconstruction, splats, settings, clock, report, new if copies else [], by_photo)


@dataclass(frozen=True)
class _Splats:
    """The splats of a job: those that refinement starts from, and what became of them."""

    start: Gaussians[np.ndarray]
    best: Gaussians[np.ndarray]
    refinement: Refinement | None = None  # None without refinement, and if asked to finish before it began
    refined: bool = False  # by this job or before it


def _splats(
    model: TttLRM,
    reconstruction: Reconstruction,
    settings: ReconstructSettings | ExtendSettings,
    clock: Clock,
    report: Report,
    find: FindPoints,
    before: Gaussians[np.ndarray] | None = None,
    refined: bool = False,
) -> _Splats:
    """Decode splats of a new memory, and refine them if asked to.

    Splats of fewer photos that are kept from `before`, `refined` or not, are refined instead of new ones, beside points of all
    photos. Where a refinement is to start from anything else, they still stay unless it makes better ones than they are.
    """
    kept = before if settings.refine.start == "auto" or not settings.refine.wanted else None
    with clock("decode"):
        start = kept or steps.decode_splats(model, reconstruction, settings.decode, report)
    report.keeps = True
    if settings.refine.wanted or settings.mesh:
        report.preview(lambda: start)
    if not settings.refine.wanted:
        return _Splats(start, start, refined=refined)
    heard: list[Refinement] = []
    wanted, rival = (replace(settings.refine, start="both"), None) if kept else (settings.refine, before)
    with clock("refine"):
        added = bool(kept) and refined
        best = steps.refine_splats(start, reconstruction, wanted, report, refined, heard.append, find, rival, added)
    refinement = heard[0] if heard else None
    improved = refinement is not None and refinement.improved
    return _Splats(start, best if improved else before or best, refinement, refined or improved)


def _finish(
    scene: Scene,
    reconstruction: Reconstruction,
    splats: _Splats,
    settings: ReconstructSettings | ExtendSettings,
    clock: Clock,
    report: Report,
    to_copy: list[Photo],
    by_photo: bool,
) -> ReconstructResult:
    """Make a mesh of splats if asked to, measure them, and store all in the scene."""
    mesh, refinement, refine = None, splats.refinement, settings.refine
    if settings.mesh:
        with clock("mesh"), report.skippable():
            mesh = _surface_if_any(splats.best, reconstruction, settings.mesh, report)
    if report.finishing:
        report.note(text("Ended early: the splats so far are kept."))
    used = reconstruction.photos.files if refinement else reconstruction.photos.chosen
    decoded, _ = steps.measure(splats.start, reconstruction, report) if refine.wanted else (None, None)
    figures, exposed = steps.measure(splats.best, reconstruction, report, bool(refinement) and refine.exposure)
    wanted = by_photo and splats.refined  # drawing a draft from all cameras takes as long as making it
    photos = steps.measure_photos(splats.best, reconstruction, report, refinement) if wanted else None
    copies = copies_of(to_copy, report) if to_copy else {}
    _keep(scene, report, reconstruction=reconstruction, gaussians=splats.best, refined=splats.refined, mesh=mesh)
    surface, cameras, seconds = _to_surface(mesh) if mesh else None, _cameras(reconstruction), clock.seconds
    how_well = (figures, decoded, exposed, surface, copies, refinement, photos)
    return ReconstructResult(splats.best, cameras, len(used), seconds, *how_well, drawing())


def poses(scene: Scene, settings: PosesSettings, report: Report) -> PosesResult:
    """Find or estimate the cameras of the photos in the scene's folder, at the photos' own sizes; the scene does not change."""
    report(Stage.LOAD, 0)
    photos = find_photos(scene.folder, settings.poses, report)
    photos = moved(photos, scene_world(photos, settings.orient, settings.distance))
    cameras = pinhole_cameras(photos, *used_size(photos))
    return PosesResult(_table([photo.name for photo in photos], cameras))


def export(scene: Scene, settings: ExportSettings, report: Report) -> ExportResult:
    """Export a part of the scene as a file. Raises `TttlrmError` if the scene has no such part."""
    report(Stage.EXPORT, 0)
    match settings.format:
        case "glb":
            if scene.state.mesh is None:
                raise TttlrmError("The scene has no mesh yet.", hint="Make a mesh first.", code=Code.NO_MESH)
            data = glb_bytes(scene.state.mesh)
        case "json":
            data = json.dumps(_cameras(scene.reconstruction()).to_json()).encode()
        case _:
            with Scratch() as folder:
                path = folder / f"scene.{settings.format}"
                with noted() as notes:
                    write_splats(path, scene.splats(), up="z")
                for note in notes:
                    report.note(note)
                data = path.read_bytes()
    return ExportResult(np.frombuffer(data, np.uint8))


def decode(scene: Scene, settings: DecodeSettings, report: Report) -> DecodeResult:
    """Decode splats from the scene's memory again with other settings. Refinement is lost."""
    reconstruction = scene.reconstruction()
    report.begin(Step.DRAFT)
    gaussians = steps.decode_splats(load_network(reconstruction.checkpoint), reconstruction, settings, report)
    figures, _ = steps.measure(gaussians, reconstruction, report)
    _keep(scene, report, gaussians=gaussians, refined=False)
    return DecodeResult(gaussians, figures)


def refine(scene: Scene, settings: RefineSettings, report: Report) -> RefineResult:
    """Optimize the scene's current splats against its photos, or continue an earlier refinement that improved them."""
    reconstruction, before, heard = scene.reconstruction(), scene.refined, list[Refinement]()
    plan.refinement(reconstruction.photos, settings, report)
    gaussians = steps.refine_splats(scene.splats(), reconstruction, settings, report, before, heard.append)
    if not heard:  # asked to finish before anything was done
        raise Cancelled
    figures, exposed = steps.measure(gaussians, reconstruction, report, settings.exposure)
    refined = before or heard[0].improved
    photos = steps.measure_photos(gaussians, reconstruction, report, heard[0]) if refined else None
    _keep(scene, report, gaussians=gaussians, refined=refined)
    return RefineResult(gaussians, figures, exposed, heard[0], photos, drawing())


def mesh(scene: Scene, settings: MeshSettings, report: Report) -> MeshResult:
    """Make a mesh of the scene's current splats."""
    plan.surface(scene.reconstruction().photos, settings, report)
    surface = _surface(scene.splats(), scene.reconstruction(), settings, report)
    _keep(scene, report, mesh=surface)
    return MeshResult(_to_surface(surface))


def bake(scene: Scene, settings: BakeSettings, report: Report) -> BakeResult:
    """Bake the scene's photos onto a mesh in its world that has texture coordinates. The scene does not change.

    Normals come from the dense mesh of the settings, else from the scene's own mesh if it has more faces. Splats are not needed:
    the mesh itself says which photos see what. Raises what `read_unwrapped` raises.
    """
    report(Stage.LOAD, 0)
    target, uv = read_unwrapped(settings.mesh)
    own = scene.state.mesh if scene.state.mesh is not None and len(scene.state.mesh.faces) > len(target.faces) else None
    dense = read_mesh(settings.dense)[0] if settings.dense else own
    with kept_photos():
        pictures = steps.painting_photos(scene.reconstruction(), report)
        return BakeResult(bake_tiles(target, uv, settings, pictures, report, dense))


def render(scene: Scene, settings: RenderSettings, report: Report) -> RenderResult:
    """Render the scene's current splats from the cameras of its photos."""
    return RenderResult(steps.pictures(scene.splats(), scene.reconstruction(), settings, report))


JOBS = by_name(
    JobKind(kinds.RECONSTRUCT, partial(reconstruct, copies=True, by_photo=True)),
    JobKind(kinds.EXTEND, partial(extend, copies=True, by_photo=True)),
    JobKind(kinds.POSES, poses),
    JobKind(kinds.EXPORT, export, interactive=True),
    JobKind(kinds.DECODE, decode, interactive=True),
    JobKind(kinds.REFINE, refine, interactive=True),
    JobKind(kinds.MESH, mesh, interactive=True),
    JobKind(kinds.BAKE, bake, interactive=True),
    JobKind(kinds.RENDER, render, interactive=True),
)


def _surface(gaussians: Gaussians[np.ndarray], reconstruction: Reconstruction, settings: MeshSettings, report: Report) -> Trimesh:
    """The surface of splats and of the photos' dense depth, or of the network's memory, textured with the photos."""
    report.begin(Step.MESH)
    photos = steps.photos_for_mesh(reconstruction, report)
    if settings.source == "network":
        return mesh_from_network(load_network(reconstruction.checkpoint), reconstruction, settings, report, photos)
    found = depth_for_mesh(photos.small, report) if photos else None
    cameras = reconstruction.photos.input_cameras()
    return fuse(gaussians, cameras, settings, report, photos, found)


def _keep(scene: Scene, report: Report, **parts: Any) -> None:
    """Store parts of the state in the scene, unless the job was canceled; after that, it can no longer be."""
    report(Stage.SAVE, 0)
    scene.change(**parts)


def _surface_if_any(
    gaussians: Gaussians[np.ndarray], reconstruction: Reconstruction, settings: MeshSettings, report: Report
) -> Trimesh | None:
    """The surface; None, with a note, if it cannot be made, so that the splats are not lost."""
    try:
        return _surface(gaussians, reconstruction, settings, report)
    except TttlrmError as error:
        report.note(text("There is no mesh: {}", error.words))
        return None


def _to_surface(mesh: Trimesh) -> Surface:
    """The result of a job."""
    levels = [Level(**_to_level(level)) for level in levels_of(mesh)]
    lod1, lod2 = levels or (None, None)
    hull = collider_of(mesh)
    collider = Hull(points_of(hull), np.asarray(hull.faces, np.int32)) if hull else None
    return Surface(**_to_level(mesh), lod1=lod1, lod2=lod2, collider=collider)


def _to_level(mesh: Trimesh) -> dict[str, Any]:
    return mesh_arrays(mesh) | {"glb": np.frombuffer(glb_bytes(mesh), np.uint8)}


def _cameras(reconstruction: Reconstruction) -> CameraTable:
    """The cameras of a scene's photos, by name."""
    photos = reconstruction.photos.by_name()
    originals = np.array([[photo.width, photo.height] for photo in photos])
    turns = np.array([turn_of(photo) for photo in photos])
    return replace(_table(*reconstruction.photos.cameras()), originals=originals, turns=turns)


def _table(names: list[str], cameras: Cameras) -> CameraTable:
    return CameraTable(names, cameras.c2w, cameras.intrinsics, cameras.sizes)
