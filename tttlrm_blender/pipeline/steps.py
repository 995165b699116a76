# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps that jobs are made of: photos → memory → splats → surface, each from and to the world of the cameras."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from ..errors import TttlrmError, text
from ..gaussians.gaussians import Gaussians
from ..geometry.similarity import normalize
from ..model.memory import VIEWS_PER_UPDATE, SceneMemory, encode
from ..model.network import TttLRM
from ..model.stream import extend
from ..photos.background import without_background
from ..photos.cull import Looks, cull_photos
from ..photos.load import PhotoSet, load_photos, used_size
from ..photos.photo import Photo
from ..photos.selection import hold_out, select_views
from ..poses.find import find_photos, find_test_photos, image_files
from ..poses.sparse_points import SparsePoints, sparse_points
from ..poses.world_frame import align_photos, moved, scene_world
from ..progress import Report
from ..protocol.results import Figures
from ..protocol.settings import DecodeSettings, ExtendSettings, ReconstructSettings, RefineSettings, RenderSettings
from ..refine.optimize import refine
from ..render.device import best_device
from ..render.metrics import evaluate_views
from ..render.pictures import draw_views, to_bytes
from ..stages import Stage
from .filtering import filtered
from .previews import look_ahead, offering
from .scene import Photographs, Reconstruction, Scene, in_world, kept_photos

MOST_QUERIES = 16  # views that splats are read for, where nobody asks for more
MOST_SIDE = 960  # of a photo as it is used, where nobody asks for a size
MOST_PIXELS = {"cpu": 256 * 256, "cuda": 536 * 960}  # of a photo as the network sees it


def load(scene: Scene, most_views: int, settings: ReconstructSettings, report: Report) -> Photographs:
    """Find and read the photos of a scene at the size that they are used at; `most_views` of them are for the network.

    Inputs that are blurred or broken are set aside, held-out photos never: figures are to mean the same photos every time.
    """
    report(Stage.LOAD, 0)
    looks: Looks = {}
    photos = find_photos(scene.folder, settings.poses, report, looks)
    inputs, held_out = split(scene, photos, settings, report)
    usable = set(cull_photos([photo.path for photo in inputs], report, looks, duplicates=False))
    inputs = [photo for photo in inputs if photo.path in usable]
    if settings.remove_background:
        model = Path(settings.remove_background)
        inputs, held_out = (without_background(photos, model, report) for photos in (inputs, held_out))
    world = scene_world(inputs, settings.orient, settings.distance)
    inputs, held_out = moved(inputs, world), moved(held_out, world)
    chosen = select_views(inputs, settings.views or most_views)
    photographs = Photographs(inputs, chosen, held_out, used_size(inputs, *sensible_size(photos[0], settings)))
    photographs.read(report)
    return photographs


def split(scene: Scene, photos: list[Photo], settings: ReconstructSettings, report: Report) -> tuple[list[Photo], list[Photo]]:
    """Inputs and held-out photos: those that the data set itself keeps apart, otherwise every n-th."""
    apart = find_test_photos(scene.folder, settings.poses, report) if settings.hold_out else []
    tested = {photo.path for photo in apart}
    remaining = [photo for photo in photos if photo.path not in tested]
    inputs, held_out = (remaining, apart) if apart else hold_out(photos, settings.hold_out)
    if not inputs:
        hint = "Hold out fewer; only data sets with test photos of their own need no others to be held out."
        raise TttlrmError("No photo of {} is left to reconstruct from.", scene.folder, hint=hint, code="bad_settings")
    return inputs, held_out


def sensible_size(photo: Photo, settings: ReconstructSettings) -> tuple[int, int]:
    """Width and height that photos are used at: as asked for, else their own within bounds."""
    if settings.width or settings.height:
        return settings.width, settings.height
    shrink = min(1.0, MOST_SIDE / max(photo.width, photo.height))
    return round(photo.width * shrink), round(photo.height * shrink)


def network_size(width: int, height: int, patch: int, most_pixels: int) -> tuple[int, int]:
    """The nearest size in whole patches that has about this shape and no more than so many pixels."""
    shrink = min(1.0, (most_pixels / (width * height)) ** 0.5)
    return max(patch, int(width * shrink) // patch * patch), max(patch, int(height * shrink) // patch * patch)


def encode_photos(model: TttLRM, photographs: Photographs, settings: ReconstructSettings, report: Report) -> Reconstruction:
    """Let the network read the chosen photos."""
    size = network_size(*photographs.size, model.config.patch_size, MOST_PIXELS[best_device().type])
    views = load_photos(photographs.chosen, *size, report, stage=Stage.RESIZE)
    autoregressive = settings.scan == "ar"
    cameras, similarity = normalize(views.cameras, "first" if autoregressive else "mean")
    if report.watched:
        look_ahead(model, views.images, cameras, similarity, settings, report)
    memory = encode(
        model,
        views.images,
        cameras.c2w,
        cameras.intrinsics,
        VIEWS_PER_UPDATE if autoregressive else None,
        settings.elastic,
        lambda layer: report(Stage.ENCODE, layer / model.config.layers),
    )
    return Reconstruction(photographs, settings.checkpoint, memory, similarity)


def new_photos(scene: Scene, made: Reconstruction, settings: ExtendSettings, report: Report) -> list[Photo]:
    """The photos in the scene's folder that are no part of it yet, in its world, but for those that are set aside.

    Where poses that lie beside the photos know none of the new ones, all are estimated. Raises `TttlrmError` ("no_photos")
    where there are none, and as `find_photos` does.
    """
    report(Stage.LOAD, 0)
    known = {photo.name: photo for photo in [*made.photographs.files, *made.photographs.tested]}
    looks: Looks = {}
    photos = _with_new(scene.folder, set(known), settings.poses, report, looks)
    usable = set(cull_photos([photo.path for photo in photos], report, looks, duplicates=False))
    new = [photo for photo in photos if photo.name not in known and photo.path in usable]
    if not new:
        raise TttlrmError("There are no new photos that could be used.", hint="Add sharp photos of the scene.", code="no_photos")
    if settings.remove_background:
        new = without_background(new, Path(settings.remove_background), report)
    old = [photo for photo in photos if photo.name in known]
    return moved(new, align_photos(old, [known[photo.name] for photo in old]))


def _with_new(folder: Path, known: set[str], poses: str, report: Report, looks: Looks) -> list[Photo]:
    """All photos of a folder, new ones among them where there are any."""
    photos = find_photos(folder, poses, report, looks)
    unposed = {path.relative_to(folder).as_posix() for path in image_files(folder)} - known
    if poses == "auto" and unposed and all(photo.name in known for photo in photos):
        return find_photos(folder, "estimate", report, looks)
    return photos


def encode_more(
    model: TttLRM, made: Reconstruction, new: list[Photo], settings: ExtendSettings, report: Report
) -> Reconstruction:
    """Let the network read more photos, which join those of a reconstruction."""
    memory, old = made.memory, made.photographs
    chosen = select_views(new, settings.views or model.config.most_views)
    height, width = memory.images.shape[1:3]
    views = load_photos(chosen, width, height, report, stage=Stage.RESIZE)
    c2w = made.similarity.cameras(views.cameras).c2w
    photographs = Photographs(by_name([*old.files, *new]), [*old.chosen, *chosen], old.tested, old.size)
    with kept_photos():
        photographs.read(report)
    on_chunk = offering(model, made.similarity, settings.decode, report)
    more = extend(
        model,
        memory,
        views.images,
        c2w,
        views.cameras.intrinsics,
        lambda share: report(Stage.ENCODE, share),
        on_chunk,
    )
    return Reconstruction(photographs, made.checkpoint, more, made.similarity)


def by_name(photos: list[Photo]) -> list[Photo]:
    """Photos in the order of their names."""
    return sorted(photos, key=lambda photo: photo.name)


def decode_splats(model: TttLRM, made: Reconstruction, settings: DecodeSettings, report: Report) -> Gaussians[np.ndarray]:
    """Read splats from a scene's memory. Raises `TttlrmError` where the settings leave none."""
    report(Stage.DECODE, 0)
    memory = queries(made, settings.views or MOST_QUERIES)
    cameras = made.similarity.inverse().points(memory.c2w[:, :3, 3].double().cpu().numpy())
    return filtered(in_world(model, memory, made.similarity, settings), settings, cameras)


def queries(made: Reconstruction, count: int) -> SceneMemory:
    """The memory with `count` of its query views, spread over the scene."""
    chosen = made.photographs.chosen
    kept = {photo.name for photo in select_views(chosen, count)}
    return made.memory.of_views([index for index, photo in enumerate(chosen) if photo.name in kept])


def refine_splats(
    gaussians: Gaussians[np.ndarray], made: Reconstruction, settings: RefineSettings, report: Report, refined: bool = False
) -> Gaussians[np.ndarray]:
    """Optimise splats against the input photos, helped by sparse points of them; go on with those that were `refined`."""
    alone = settings.start == "decoded" or (refined and settings.start == "auto")
    with kept_photos():
        inputs = made.photographs.read_inputs(report)
    points = None if alone else points_of(made, report)
    return refine(gaussians, inputs, settings, report, points, refined)


def points_of(made: Reconstruction, report: Report) -> SparsePoints | None:
    """Sparse points of the input photos; None, with a note, where there are none to be had: splats can do without."""
    try:
        return sparse_points(made.photographs.files, report)
    except TttlrmError as error:
        report.note(text("Refining without sparse points: {}", error.text))
        return None


def photos_to_paint(made: Reconstruction, report: Report) -> PhotoSet | None:
    """The input photos, for a texture; None, with a note, where they cannot be read again: the splats' colours do then."""
    try:
        return made.photographs.read_inputs(report)
    except TttlrmError as error:
        if error.code != "bad_photo":
            raise
        note = (
            "The texture is made of the splats' colours: {} For a texture of the photos, reconstruct the scene again from them."
        )
        report.note(text(note, error.text))
        return None


def measure(
    gaussians: Gaussians[np.ndarray], made: Reconstruction, report: Report, exposed: bool = False
) -> tuple[Figures | None, Figures | None]:
    """Figures over the held-out photos, and if asked those with the exposure of each photo fitted.

    None where no photos are held out, or, with a note, where they are gone.
    """
    try:
        held_out = made.photographs.read_held_out(report)
    except TttlrmError as error:
        report.note(text("There are no figures over the photos held out: {}", error.text))
        return None, None
    if not held_out:
        return None, None
    evaluate = partial(evaluate_views, gaussians, held_out, listen=lambda: report(Stage.MEASURE, 0))
    return Figures(**evaluate()), Figures(**evaluate(exposure=True)) if exposed else None


def pictures(
    gaussians: Gaussians[np.ndarray], made: Reconstruction, settings: RenderSettings, report: Report
) -> dict[str, np.ndarray]:
    """Pictures [H, W, 3] uint8 of splats as the cameras of the scene's photos see them, by photo name."""
    names, cameras = made.photographs.cameras()
    width, height = cameras.sizes[0].tolist()
    cameras = cameras.resized(settings.width or width, settings.height or height)
    drawn = {}
    for done, view in enumerate(settings.views or range(len(names))):
        report(Stage.RENDER, done / (len(settings.views) or len(names)))
        if not 0 <= view < len(names):
            raise TttlrmError(
                "The scene has no photo {}; it has {}.", view, len(names), hint="Count from 0.", code="bad_settings"
            )
        drawn[names[view]] = to_bytes(draw_views(gaussians, cameras[[view]])[0])
    return drawn
