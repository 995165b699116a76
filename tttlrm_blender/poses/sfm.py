# SPDX-License-Identifier: GPL-3.0-or-later
"""Structure from motion with pycolmap, as a separate program: `python -m tttlrm_blender.poses.sfm FOLDER`.

pycolmap crashes beside other native libraries, so only numpy is imported here. FOLDER holds `job.json` and the folder `images`,
with one folder for each camera, and optionally `masks` with the same layout. The result is a COLMAP model in FOLDER/model.
Each line of FOLDER/progress is a stage and the share of it that is done; standard output is left to native libraries, some of
which print there. The program ends when its standard input closes, so it never outlives its parent.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pycolmap

from ..stages import Stage
from .retrieval import similar_pairs

SEED = 0
# The first octave of SIFT: photos at their own size, which takes a quarter of the time, or enlarged twice, for small details.
COARSE, FINE = 0, -1
EXTRACTED_AT_ONCE = 4  # images
MATCHED_AT_ONCE = 40  # pairs of images
UNKNOWN_LENS = "SIMPLE_RADIAL"  # COLMAP's camera model where no intrinsics are known
NEAR, ALIKE = 6, 20  # images that each one is matched with if there are many: the next in the list, and the most similar
TURNED = {  # two-view geometries that leave the baseline undetermined
    pycolmap.TwoViewGeometryConfiguration.PLANAR,
    pycolmap.TwoViewGeometryConfiguration.PANORAMIC,
    pycolmap.TwoViewGeometryConfiguration.PLANAR_OR_PANORAMIC,
}
FEWEST_POINTS = 20  # of a usable model
MAX_POINT_ERROR = 2.0  # pixels of reprojection, for points triangulated from known poses


def main() -> None:
    """Run the job in the folder that the command line names."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    pycolmap.logging.minloglevel = 2
    pycolmap.set_random_seed(SEED)
    folder = Path(sys.argv[1])
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    models = solve(folder, job, FINE if job["fine"] else COARSE)
    if not job["poses"] and doubtful(folder, models, len(job["images"])):
        models = solve(folder, job, FINE, Stage.DETAILS)
    write_evidence(folder, job["images"], models)
    if models:
        write_model(models[0], folder, dict(zip(job["images"], job["names"], strict=True)))


def solve(folder: Path, job: dict[str, Any], octave: int, stage: Stage = Stage.FEATURES) -> list[pycolmap.Reconstruction]:
    """The models of the images, from features from an octave on, instead of those of an attempt before."""
    (folder / "database.db").unlink(missing_ok=True)
    fill_database(folder, job)
    extract_features(folder, job, octave, stage)
    match_features(folder, job)
    return [triangulate(folder, job)] if job["poses"] else find_models(folder, job["watched"])


def doubtful(folder: Path, models: list[pycolmap.Reconstruction], count: int) -> bool:
    """Whether models of a number of images lack some, or most pairs of images leave their cameras' motion undetermined."""
    pairs, turned = count_pairs(folder)
    return not models or models[0].num_reg_images() < count or 2 * turned > pairs


def fill_database(folder: Path, job: dict[str, Any]) -> None:
    """Add all images to the database, with one camera per folder and its intrinsics where known."""
    reader = pycolmap.ImageReaderOptions()
    reader.camera_model = UNKNOWN_LENS
    per_folder = pycolmap.CameraMode.PER_FOLDER
    with pycolmap.Database.open(folder / "database.db") as database:
        pycolmap.import_images(folder / "database.db", folder / "images", per_folder, job["images"], reader)
        cameras = {image.name.split("/")[0]: image.camera_id for image in database.read_all_images()}
        for name, (model, parameters) in job["cameras"].items():
            camera = database.read_camera(cameras[name])
            camera.model, camera.params, camera.has_prior_focal_length = getattr(pycolmap.CameraModelId, model), parameters, True
            database.update_camera(camera)


def extract_features(folder: Path, job: dict[str, Any], octave: int, stage: Stage) -> None:
    """Extract the features of all images, from an octave on."""
    options, reader = pycolmap.FeatureExtractionOptions(), pycolmap.ImageReaderOptions()
    if (folder / "masks").is_dir():
        reader.mask_path = folder / "masks"
    options.sift.max_num_features = job["features"]
    options.sift.first_octave = octave
    names = job["images"]
    for start in range(0, len(names), EXTRACTED_AT_ONCE):
        report(folder, stage, start / len(names))
        pycolmap.extract_features(
            folder / "database.db",
            folder / "images",
            names[start : start + EXTRACTED_AT_ONCE],
            reader_options=reader,
            extraction_options=options,
            device=pycolmap.Device.cpu,
        )


def match_features(folder: Path, job: dict[str, Any]) -> None:
    """Match the features of pairs of images."""
    listed, pairs = folder / "pairs.txt", job["pairs"] if job["pairs"] is not None else promising_pairs(folder, job["images"])
    pairing, verification = pycolmap.ImportedPairingOptions(), pycolmap.TwoViewGeometryOptions()
    pairing.match_list_path = listed
    verification.ransac.random_seed = SEED  # for each pair: threads would take turns at one sequence
    for start in range(0, len(pairs), MATCHED_AT_ONCE):
        report(folder, Stage.MATCHES, start / len(pairs))
        some = pairs[start : start + MATCHED_AT_ONCE]
        listed.write_text("\n".join(f"{job['images'][first]} {job['images'][second]}" for first, second in some))
        pycolmap.match_image_pairs(
            folder / "database.db", pairing_options=pairing, verification_options=verification, device=pycolmap.Device.cpu
        )


def promising_pairs(folder: Path, names: list[str]) -> list[tuple[int, int]]:
    """Pairs of images, by index, that are close in the list or look alike."""
    report(folder, Stage.PAIRS, 0)
    with pycolmap.Database.open(folder / "database.db") as database:
        images = {image.name: image.image_id for image in database.read_all_images()}
        descriptors = [database.read_descriptors(images[name]) for name in names]
    near = {(i, j) for i in range(len(names)) for j in range(i + 1, min(i + 1 + NEAR, len(names)))}
    return sorted(near | similar_pairs([np.asarray(getattr(each, "data", each)) for each in descriptors], ALIKE))


def triangulate(folder: Path, job: dict[str, Any]) -> pycolmap.Reconstruction:
    """Triangulate points from cameras of known pose."""
    report(folder, Stage.POINTS, 0)
    known = pycolmap.Reconstruction()
    with pycolmap.Database.open(folder / "database.db") as database:
        images, cameras = database.read_all_images(), database.read_all_cameras()
    for camera in cameras:
        known.add_camera_with_trivial_rig(camera)
    poses = dict(zip(job["images"], job["poses"], strict=True))
    for image in images:
        pose = pycolmap.Rigid3d(poses[image.name])
        blank = pycolmap.Image(name=image.name, camera_id=image.camera_id, image_id=image.image_id)
        known.add_image_with_trivial_frame(blank, pose)
    options = pycolmap.IncrementalPipelineOptions()
    options.triangulation.ignore_two_view_tracks = False
    options.mapper.filter_max_reproj_error = MAX_POINT_ERROR
    (folder / "points").mkdir()
    return pycolmap.triangulate_points(
        known, folder / "database.db", folder / "images", folder / "points", options=options, refine_intrinsics=False
    )


def find_models(folder: Path, watched: bool) -> list[pycolmap.Reconstruction]:
    """Models from incremental mapping with enough points, those with the most images first."""
    options = pycolmap.IncrementalPipelineOptions()
    options.min_model_size = 2
    if watched:
        (folder / "snapshots").mkdir(exist_ok=True)
        options.snapshot_path, options.snapshot_frames_freq = folder / "snapshots", 1
    placed = [2]
    count = len(list((folder / "images").glob("*/*")))

    def report_placed() -> None:
        placed[0] += 1
        report(folder, Stage.CAMERAS, placed[0] / count)

    report(folder, Stage.CAMERAS, 0)
    shutil.rmtree(folder / "models", ignore_errors=True)
    (folder / "models").mkdir()
    found = pycolmap.incremental_mapping(
        folder / "database.db", folder / "images", folder / "models", options, next_image_callback=report_placed
    )
    held = [model for model in found.values() if model.num_points3D() >= FEWEST_POINTS]
    return sorted(held, key=lambda model: -model.num_reg_images())


def write_evidence(folder: Path, names: list[str], models: list[pycolmap.Reconstruction]) -> None:
    """Write what was found in the images, from which the parent explains successes and failures."""
    with pycolmap.Database.open(folder / "database.db") as database:
        images = {image.name: image.image_id for image in database.read_all_images()}
        details = [database.num_keypoints_for_image(images[name]) for name in names]
    groups = [[index for index, name in enumerate(names) if model.find_image_with_name(name)] for model in models]
    pairs, turned = count_pairs(folder)
    evidence = {"details": details, "pairs": pairs, "turned": turned, "models": groups}
    (folder / "evidence.json").write_text(json.dumps(evidence), encoding="utf-8")


def count_pairs(folder: Path) -> tuple[int, int]:
    """The number of pairs of images with matching features, and of those that leave their cameras' motion undetermined."""
    with pycolmap.Database.open(folder / "database.db") as database:
        _, geometries = database.read_two_view_geometries()
    seen = [geometry.config for geometry in geometries if len(geometry.inlier_matches)]
    return len(seen), sum(config in TURNED for config in seen)


def write_model(model: pycolmap.Reconstruction, folder: Path, names: dict[str, str]) -> None:
    """Write a model, with the names of the photos as image names."""
    for image in model.images.values():
        image.name = names[image.name]
    (folder / "model").mkdir()
    model.write_binary(folder / "model")


def report(folder: Path, stage: Stage, fraction: float) -> None:
    """Write one line of progress for the parent."""
    with (folder / "progress").open("a", encoding="utf-8") as lines:
        lines.write(f"{stage} {fraction:.3f}\n")


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
