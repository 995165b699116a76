# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of jobs: photos → memory → splats → surface, all in the world of the cameras."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from ..errors import Code, TttlrmError, text
from ..gaussians.gaussians import Gaussians
from ..geometry.similarity import normalize
from ..mesh.pictures import PhotoPictures
from ..model.memory import VIEWS_PER_UPDATE, SceneMemory, encode
from ..model.network import TttLRM
from ..model.stream import extend
from ..photos.background import without_background
from ..photos.cull import Looks, cull_photos
from ..photos.load import load_photos, pinhole_cameras, used_size
from ..photos.photo import Photo
from ..photos.selection import hold_out, select_views
from ..poses.find import find_photos, find_test_photos
from ..poses.sighting import sight_of_photos
from ..poses.sparse_points import SparsePoints
from ..poses.world_frame import align_photos, moved, scene_world
from ..progress import Report
from ..protocol.results import Figures, PhotoFigures, Refinement
from ..protocol.settings import DecodeSettings, ExtendSettings, ReconstructSettings, RefineSettings, RenderSettings
from ..refine.best import judging_views
from ..refine.optimize import refine
from ..render.device import best_device
from ..render.metrics import evaluate_views, psnr_by_view
from ..render.pictures import draw_views, to_bytes
from ..stages import Stage, Step
from .ahead import FindPoints, find_points
from .depth import depth_for
from .filtering import filtered
from .photo_size import sensible_size
from .previews import look_ahead, offering
from .scene import Reconstruction, Scene, ScenePhotos, in_world, kept_photos

MOST_QUERIES = 16  # query views by default
MOST_PSNR = 99.0  # dB: infinity is no number in JSON
MOST_PIXELS = {"cpu": 256 * 256, "cuda": 536 * 960}  # of a photo in the network's input


def load(scene: Scene, most_views: int, settings: ReconstructSettings, report: Report) -> ScenePhotos:
    """Find and read the photos of a scene at the size in use; at most `most_views` of them are chosen for the network.

    Blurred and broken inputs are skipped. Held-out photos never are, so that metrics always cover the same photos.
    """
    report.begin(Step.PHOTOS)
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
    report.sight(lambda: sight_of_photos(inputs))
    chosen = select_views(inputs, settings.views or most_views)
    scene_photos = ScenePhotos(inputs, chosen, held_out, used_size(inputs, *sensible_size(photos, settings)))
    scene_photos.read(report)
    return scene_photos


def split(scene: Scene, photos: list[Photo], settings: ReconstructSettings, report: Report) -> tuple[list[Photo], list[Photo]]:
    """Split photos into inputs and held-out photos: the data set's own test photos, otherwise every n-th."""
    apart = find_test_photos(scene.folder, settings.poses, report) if settings.hold_out else []
    tested = {photo.path for photo in apart}
    remaining = [photo for photo in photos if photo.path not in tested]
    inputs, held_out = (remaining, apart) if apart else hold_out(photos, settings.hold_out)
    if not inputs:
        hint = "Hold out fewer photos, such as every 8th."
        raise TttlrmError("All photos of {} are held out.", scene.folder, hint=hint, code=Code.BAD_SETTINGS)
    return inputs, held_out


def network_size(width: int, height: int, patch: int, most_pixels: int) -> tuple[int, int]:
    """The largest size in whole patches with about this aspect ratio and at most `most_pixels` pixels."""
    shrink = min(1.0, (most_pixels / (width * height)) ** 0.5)
    return max(patch, int(width * shrink) // patch * patch), max(patch, int(height * shrink) // patch * patch)


def encode_photos(model: TttLRM, scene_photos: ScenePhotos, settings: ReconstructSettings, report: Report) -> Reconstruction:
    """Encode the chosen photos into a memory."""
    report.begin(Step.DRAFT)
    size = network_size(*scene_photos.size, model.config.patch_size, MOST_PIXELS[best_device().type])
    views = load_photos(scene_photos.chosen, *size, report, stage=Stage.RESIZE)
    autoregressive = settings.scan == "ar"
    from_first = autoregressive and not model.config.hypotheses  # the released networks were trained so
    cameras, similarity = normalize(views.cameras, "first" if from_first else "mean")
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
    return Reconstruction(scene_photos, settings.checkpoint, memory, similarity)


def new_photos(scene: Scene, reconstruction: Reconstruction, settings: ExtendSettings, report: Report) -> list[Photo]:
    """The photos in the scene's folder that are not part of it yet, in its world, without blurred and broken ones.

    If pose files in the folder cover none of the new photos, all poses are estimated. Raises `TttlrmError` ("no_photos") if
    there are none, and what `find_photos` raises.
    """
    report.begin(Step.PHOTOS)
    report(Stage.LOAD, 0)
    known = {photo.name: photo for photo in [*reconstruction.photos.files, *reconstruction.photos.tested]}
    looks: Looks = {}
    photos = find_photos(scene.folder, settings.poses, report, looks, known)
    usable = set(cull_photos([photo.path for photo in photos], report, looks, duplicates=False))
    new = [photo for photo in photos if photo.name not in known and photo.path in usable]
    if not new:
        raise TttlrmError("There are no usable new photos.", hint="Add sharp photos of the scene.", code=Code.NO_PHOTOS)
    if settings.remove_background:
        new = without_background(new, Path(settings.remove_background), report)
    old = [photo for photo in photos if photo.name in known]
    return moved(new, align_photos(old, [known[photo.name] for photo in old]))


def encode_more(
    model: TttLRM, reconstruction: Reconstruction, new: list[Photo], settings: ExtendSettings, report: Report
) -> Reconstruction:
    """Encode more photos into the memory of a reconstruction, and add them to its photos."""
    report.begin(Step.DRAFT)
    memory, old = reconstruction.memory, reconstruction.photos
    chosen = select_views(new, settings.views or model.config.most_views)
    height, width = memory.images.shape[1:3]
    views = load_photos(chosen, width, height, report, stage=Stage.RESIZE)
    c2w = reconstruction.similarity.cameras(views.cameras).c2w
    scene_photos = ScenePhotos(by_name([*old.files, *new]), [*old.chosen, *chosen], old.tested, old.size)
    with kept_photos():
        scene_photos.read(report)
    if model.config.hypotheses:
        return read_again(model, reconstruction, scene_photos, views.images, report)
    on_chunk = offering(model, reconstruction.similarity, settings.decode, report)
    more = extend(
        model,
        memory,
        views.images,
        c2w,
        views.cameras.intrinsics,
        lambda share: report(Stage.ENCODE, share),
        on_chunk,
    )
    return Reconstruction(scene_photos, reconstruction.checkpoint, more, reconstruction.similarity)


def read_again(
    model: TttLRM, reconstruction: Reconstruction, scene_photos: ScenePhotos, images: np.ndarray, report: Report
) -> Reconstruction:
    """Encode the chosen photos of a reconstruction and more photos [N, H, W, 3] in one pass, in a frame that fits them all.

    Networks with a plane sweep match all photos with each other anyway, and know no cameras outside of their frame.
    """
    memory = reconstruction.memory
    height, width = memory.images.shape[1:3]
    cameras, similarity = normalize(pinhole_cameras(scene_photos.chosen, width, height))
    whole = np.concatenate([memory.images.cpu().numpy(), images])
    more = encode(
        model,
        whole,
        cameras.c2w,
        cameras.intrinsics,
        on_layer=lambda layer: report(Stage.ENCODE, layer / model.config.layers),
    )
    return Reconstruction(scene_photos, reconstruction.checkpoint, more, similarity)


def by_name(photos: list[Photo]) -> list[Photo]:
    """Sort photos by name."""
    return sorted(photos, key=lambda photo: photo.name)


def decode_splats(
    model: TttLRM, reconstruction: Reconstruction, settings: DecodeSettings, report: Report
) -> Gaussians[np.ndarray]:
    """Decode splats from a scene's memory. Raises `TttlrmError` if the settings leave none."""
    report(Stage.DECODE, 0)
    memory = queries(reconstruction, settings.views or MOST_QUERIES)
    cameras = reconstruction.similarity.inverse().points(memory.c2w[:, :3, 3].double().cpu().numpy())
    return filtered(in_world(model, memory, reconstruction.similarity, settings), settings, cameras)


def queries(reconstruction: Reconstruction, count: int) -> SceneMemory:
    """The memory with only `count` of its query views, spread over the scene."""
    chosen = reconstruction.photos.chosen
    kept = {photo.name for photo in select_views(chosen, count)}
    return reconstruction.memory.of_views([index for index, photo in enumerate(chosen) if photo.name in kept])


def refine_splats(
    gaussians: Gaussians[np.ndarray],
    reconstruction: Reconstruction,
    settings: RefineSettings,
    report: Report,
    refined: bool = False,
    hear: Callable[[Refinement], None] = lambda refinement: None,
    find: FindPoints | None = None,
    rival: Gaussians[np.ndarray] | None = None,
    added: bool = False,
) -> Gaussians[np.ndarray]:
    """Optimize splats against the input photos and their dense depth, from points unless these are not needed.

    Continues if `refined`, unless that is about a `rival`: splats that only better ones replace. If photos were `added` since,
    the result may match all of them a little worse than before. `hear` is told how it went, unless the job was asked to finish
    before it began. `find` gives the points if they are looked for already.
    """
    report.begin(Step.DEPTH)
    alone = refined and settings.start == "auto"
    with kept_photos():
        inputs = reconstruction.photos.read_inputs(report)
    points = found = None
    with report.skippable():
        points = None if alone else points_of(find or partial(find_points, reconstruction.photos.files, settings), report)
        found = depth_for(inputs, points, settings, report) if settings.start in ("auto", "both") else None
    if report.finishing:
        return gaussians
    report.begin(Step.REFINE)
    on = refined and settings.start != "points" and rival is None

    def tell(how: Refinement) -> None:
        files = reconstruction.photos.files
        judges = [files[view].name for view in judging_views(len(files))] if how.set_aside else []
        hear(replace(how, continued=on, judges=judges))

    return refine(gaussians, inputs, settings, report, points, refined, found, tell, rival, added)


def points_of(find: FindPoints, report: Report) -> SparsePoints | None:
    """Sparse points of the input photos, as far as refinement needs and can have them; there is a note if it cannot."""
    with report.noting(lambda error: text("Refining without sparse points: {}", error)):
        return find(report)
    return None


def photos_for_mesh(reconstruction: Reconstruction, report: Report) -> PhotoPictures | None:
    """The input photos, for depth and texture; None, with a note, if they cannot be read, since splats have both, too."""
    try:
        return painting_photos(reconstruction, report)
    except TttlrmError as error:
        if error.code != Code.BAD_PHOTO:
            raise
        note = "The mesh is made from the splats alone: {} To use the photos for it, reconstruct the scene again."
        report.note(text(note, error.text))
        return None


def painting_photos(reconstruction: Reconstruction, report: Report) -> PhotoPictures:
    """The input photos at their full size, for a texture. Raises `TttlrmError` if they cannot be read."""
    return PhotoPictures(reconstruction.photos.files, reconstruction.photos.read_inputs(report))


def measure(
    gaussians: Gaussians[np.ndarray], reconstruction: Reconstruction, report: Report, exposed: bool = False
) -> tuple[Figures | None, Figures | None]:
    """Metrics over the held-out photos, and if `exposed` also with the exposure of each photo fitted.

    None if no photos are held out or, with a note, if they cannot be read.
    """
    try:
        held_out = reconstruction.photos.read_held_out(report)
    except TttlrmError as error:
        report.note(text("Held-out photos cannot be measured: {}", error.text))
        return None, None
    if not held_out:
        return None, None
    evaluate = partial(evaluate_views, gaussians, held_out, listen=lambda: report(Stage.MEASURE, 0))
    return Figures(**evaluate()), Figures(**evaluate(exposure=True)) if exposed else None


def measure_photos(
    gaussians: Gaussians[np.ndarray], reconstruction: Reconstruction, report: Report, refinement: Refinement | None
) -> PhotoFigures:
    """The PSNR over each input photo, as they are, whatever their exposure; the `refinement` set some of them aside."""
    with kept_photos():
        photos = reconstruction.photos.read_inputs(report)
    drawn = 0

    def listen() -> None:
        nonlocal drawn
        report(Stage.MEASURE, drawn / len(photos))
        drawn += 1

    found = psnr_by_view(gaussians, photos, listen=listen)
    psnr = {name: round(min(value, MOST_PSNR), 2) for name, value in zip(photos.names, found, strict=True)}
    return PhotoFigures(psnr, refinement.judges if refinement else [])


def pictures(
    gaussians: Gaussians[np.ndarray], reconstruction: Reconstruction, settings: RenderSettings, report: Report
) -> dict[str, np.ndarray]:
    """Render splats from the cameras of the scene's photos: pictures [H, W, 3] uint8 by photo name."""
    names, cameras = reconstruction.photos.cameras()
    width, height = cameras.sizes[0].tolist()
    cameras = cameras.resized(settings.width or width, settings.height or height)
    drawn = {}
    for done, view in enumerate(settings.views or range(len(names))):
        report(Stage.RENDER, done / (len(settings.views) or len(names)))
        if not 0 <= view < len(names):
            raise TttlrmError(
                "The scene has no photo number {}; it has {} photos.",
                view,
                len(names),
                hint="Count photos from 0.",
                code=Code.BAD_SETTINGS,
            )
        drawn[names[view]] = to_bytes(draw_views(gaussians, cameras[[view]])[0])
    return drawn
