# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker that speaks and answers as the product's own does, but makes up its splats: quick, and without torch."""

import json
import os
import signal
import time
from dataclasses import dataclass, field, replace
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from tttlrm_blender.errors import TttlrmError, text
from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.pipeline.job_kind import JobKind, by_name
from tttlrm_blender.progress import Report, Sight
from tttlrm_blender.protocol import kinds
from tttlrm_blender.protocol.results import (
    BakeResult,
    CameraTable,
    DecodeResult,
    Drawing,
    Hull,
    Level,
    MeshResult,
    PhotoFigures,
    ReconstructResult,
    Refinement,
    RefineResult,
    RenderResult,
    Surface,
)
from tttlrm_blender.protocol.settings import (
    BakeSettings,
    DecodeSettings,
    ExtendSettings,
    MeshSettings,
    ReconstructSettings,
    RefineSettings,
    RenderSettings,
)
from tttlrm_blender.protocol.settings_json import to_json
from tttlrm_blender.protocol.start import Start, is_start
from tttlrm_blender.stages import Stage
from tttlrm_blender.worker.program import Registry, main

SPLATS = 12
SIZE = (32, 24)
COARSEST = 100.0  # voxels of which there is a mesh
ASKED = "TTTLRM_TOY_ASKED"  # the variable that names a file, in which it is told what the last scene was made of


@dataclass
class Scene:
    """What was asked of it last."""

    folder: Path
    files: list[str] = field(default_factory=list)
    start: Start | None = None  # splats to start from


def reconstruct(scene: Scene, settings: ReconstructSettings, report: Report) -> ReconstructResult:
    """Tells which files and settings it was given. A file named `broken.json` or `deadly.json` is obeyed.

    Asked to finish while it refines, it does, without a mesh.
    """
    files = sorted(path.relative_to(scene.folder).as_posix() for path in scene.folder.rglob("*") if path.is_file())
    scene.files = [path for path in files if not is_start(path)]
    if file := os.environ.get(ASKED):
        Path(file).write_text(json.dumps({"files": scene.files, "settings": to_json(settings)}))
    if "broken.json" in scene.files:
        raise TttlrmError("The photo {} is cut off.", "2.png", hint="Copy it again.", code="bad_photo")
    if "deadly.json" in scene.files:
        os.kill(os.getpid(), signal.SIGKILL)
    names = [name for name in scene.files if name.endswith(".png")] or ["frame_000001.jpg"]
    if settings.refine.steps:
        cameras = make_cameras(names)
        report.sight(lambda: Sight(make_splats(2), cameras.c2w, cameras.intrinsics, cameras.sizes))
    for step in range(settings.refine.steps):  # each a tenth of a second, with previews, for tests with a window
        report(Stage.REFINE, step / settings.refine.steps)
        report.keeps = True
        if report.finishing:
            break
        report.preview(partial(make_splats, SPLATS + step))
        time.sleep(0.1)
    too_coarse = settings.mesh and settings.mesh.voxel > COARSEST
    if too_coarse:
        report.note(text("There is no mesh: {}", "the voxels are too large."))
    surface = _surface() if settings.mesh and not too_coarse and not report.finishing else None
    return ReconstructResult(make_splats(SPLATS), make_cameras(names), len(names), {"load": 0.0}, mesh=surface)


def extend(scene: Scene, settings: ExtendSettings, report: Report) -> ReconstructResult:
    """Gives what `reconstruct` gives of all the files that are there now, with a splat more for each new one."""
    before = len(scene.files)
    result = reconstruct(scene, ReconstructSettings(refine=settings.refine), report)
    splats = SPLATS + len(scene.files) - before
    return replace(result, gaussians=make_splats(splats))


def decode(scene: Scene, settings: DecodeSettings, report: Report) -> DecodeResult:
    """As many splats as are allowed, else the first, of them those in the crop box."""
    splats = make_splats(settings.max_splats or SPLATS)
    if settings.crop:
        matrix = np.reshape(settings.crop, (4, 4))
        splats = splats[(np.abs(splats.means @ matrix[:3, :3].T + matrix[:3, 3]) <= 1).all(axis=1)]
    return DecodeResult(splats)


def refine(scene: Scene, settings: RefineSettings, report: Report) -> RefineResult:
    """As many splats as steps; takes as long as it is given. Each photo matches worse than the one before."""
    report(Stage.REFINE, 0.0)
    until, report.keeps = time.monotonic() + settings.seconds, True
    while time.monotonic() < until and not report.finishing:
        report(Stage.REFINE, 0.5)
        report.preview(partial(make_splats, 2))
        time.sleep(0.01)
    photos = PhotoFigures({name: 30.0 - index for index, name in enumerate(scene.files)}, scene.files[:1])
    how = Refinement(settings.steps, 4, None, 30.0, report.finishing)
    return RefineResult(make_splats(settings.steps), refinement=how, photos=photos, drawing=Drawing(text("Processor")))


def mesh(scene: Scene, settings: MeshSettings, report: Report) -> MeshResult:
    """One triangle, with images of a texture's size that say what they are, a level of detail and a collider if wanted."""
    images = {"texture": (200, 40, 40), "normal_map": (128, 128, 255), "occlusion": (255, 255, 255)}
    files = {name: _picture(color, settings) for name, color in images.items()} if settings.texture < 64 else {}
    uv = np.eye(3, 2, dtype=np.float32)[None]
    whole = _surface()
    level = Level(whole.vertices, whole.faces, whole.colors, whole.glb)
    hull = Hull(level.vertices, level.faces)
    if settings.lods:
        return MeshResult(replace(whole, uv=uv, **files, lod1=replace(level, uv=uv, **files), lod2=level, collider=hull))
    return MeshResult(replace(whole, uv=uv, **files))


def bake(scene: Scene, settings: BakeSettings, report: Report) -> BakeResult:
    """Images of one color for each tile of the UV map: red, and a flat normal map where there is a dense mesh."""
    with np.load(settings.mesh) as file:
        uv = file["uv"]
    report(Stage.BAKE_TEXTURE, 0.5)
    tiles = np.unique(np.floor(uv.mean(axis=1)) @ [1, 10]).astype(int) + 1001
    kinds_of = {"base_color": (200, 40, 40)} | ({"normal_map": (128, 128, 255)} if settings.dense else {})
    numbers = [f".{tile}" for tile in tiles] if len(tiles) > 1 else [""]
    return BakeResult({kind + number: _picture(color, settings) for kind, color in kinds_of.items() for number in numbers})


def _picture(color: tuple[int, int, int], settings: BakeSettings | MeshSettings) -> np.ndarray:
    file = BytesIO()
    Image.new("RGB", (settings.texture,) * 2, color).save(file, settings.image)
    return np.frombuffer(file.getvalue(), np.uint8)


def render(scene: Scene, settings: RenderSettings, report: Report) -> RenderResult:
    """A picture that is red at the top left and black elsewhere."""
    image = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    image[0, 0, 0] = 255
    return RenderResult({"1.png": image})


def make_splats(count: int) -> Gaussians:
    ones = np.ones((count, 4), np.float32)
    means = np.arange(count * 3, dtype=np.float32).reshape(-1, 3)
    return Gaussians(means, ones / 2, ones[:, :3], ones[:, 0] / 2, np.repeat(ones[:, None, :3], 4, axis=1))


def _surface() -> Surface:
    corners = np.eye(3, dtype=np.float32)
    return Surface(corners, np.array([[0, 1, 2]], np.int32), np.ones((3, 3), np.float32), np.frombuffer(b"glTF", np.uint8))


def make_cameras(names: list[str]) -> CameraTable:
    count = len(names)
    poses, lenses = np.tile(np.eye(4), (count, 1, 1)), np.tile([30.0, 30.0, 16.0, 12.0], (count, 1))
    return CameraTable(names, poses, lenses, np.tile(SIZE, (count, 1)))


JOBS = by_name(
    JobKind(kinds.RECONSTRUCT, reconstruct),
    JobKind(kinds.EXTEND, extend),
    JobKind(kinds.DECODE, decode),
    JobKind(kinds.REFINE, refine),
    JobKind(kinds.MESH, mesh),
    JobKind(kinds.BAKE, bake),
    JobKind(kinds.RENDER, render),
)

if __name__ == "__main__":
    main(load=lambda: Registry(JOBS, Scene))
