# SPDX-License-Identifier: GPL-3.0-or-later
"""Structure from motion with pycolmap, as a program of its own: `python -m tttlrm_blender.poses.sfm FOLDER`.

pycolmap crashes beside other native libraries, so nothing but numpy is imported here. FOLDER holds `job.json` and the folder
`images`, with one folder for each camera, and perhaps `masks` like it. The result is a COLMAP model in FOLDER/model. Each line
on standard output is a stage and the share of it that is done. The program ends when its standard input does, so it never
outlives its parent.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pycolmap

from ..stages import Stage
from .retrieval import similar_pairs

SEED = 0
EXTRACTED_AT_ONCE = 4  # images
MATCHED_AT_ONCE = 40  # pairs of images
UNKNOWN_LENS = "SIMPLE_RADIAL"  # COLMAP's model of cameras of which nothing is known
NEAR, ALIKE = 6, 20  # images that each of many is matched with: after it in the list, and most like it
TURNED = {  # geometries of two views that tell nothing about how far apart they were
    pycolmap.TwoViewGeometryConfiguration.PLANAR,
    pycolmap.TwoViewGeometryConfiguration.PANORAMIC,
    pycolmap.TwoViewGeometryConfiguration.PLANAR_OR_PANORAMIC,
}
FEWEST_POINTS = 20  # that hold a model together
MAX_POINT_ERROR = 2.0  # pixels of reprojection, for points triangulated from known poses


def main() -> None:
    """Do the job that the folder describes."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    pycolmap.logging.minloglevel = 2
    pycolmap.set_random_seed(SEED)
    folder = Path(sys.argv[1])
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    enter(folder, job)
    extract(folder, job)
    match(folder, job)
    models = [triangulate(folder, job)] if job["poses"] else find_models(folder)
    tell(folder, job["images"], models)
    if models:
        write(models[0], folder, dict(zip(job["images"], job["names"], strict=True)))


def enter(folder: Path, job: dict[str, Any]) -> None:
    """Enter all images into the database, with one camera for each folder, set to what is known of it."""
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


def extract(folder: Path, job: dict[str, Any]) -> None:
    """Find the details of all images."""
    options, reader = pycolmap.FeatureExtractionOptions(), pycolmap.ImageReaderOptions()
    if (folder / "masks").is_dir():
        reader.mask_path = folder / "masks"
    options.sift.max_num_features = job["features"]
    names = job["images"]
    for start in range(0, len(names), EXTRACTED_AT_ONCE):
        say(Stage.FEATURES, start / len(names))
        pycolmap.extract_features(
            folder / "database.db",
            folder / "images",
            names[start : start + EXTRACTED_AT_ONCE],
            reader_options=reader,
            extraction_options=options,
            device=pycolmap.Device.cpu,
        )


def match(folder: Path, job: dict[str, Any]) -> None:
    """Match the details of the pairs of images."""
    listed, pairs = folder / "pairs.txt", job["pairs"] if job["pairs"] is not None else promising_pairs(folder, job["images"])
    pairing, verification = pycolmap.ImportedPairingOptions(), pycolmap.TwoViewGeometryOptions()
    pairing.match_list_path = listed
    verification.ransac.random_seed = SEED  # for each pair: threads would take turns at one sequence
    for start in range(0, len(pairs), MATCHED_AT_ONCE):
        say(Stage.MATCHES, start / len(pairs))
        some = pairs[start : start + MATCHED_AT_ONCE]
        listed.write_text("\n".join(f"{job['images'][first]} {job['images'][second]}" for first, second in some))
        pycolmap.match_image_pairs(
            folder / "database.db", pairing_options=pairing, verification_options=verification, device=pycolmap.Device.cpu
        )


def promising_pairs(folder: Path, names: list[str]) -> list[tuple[int, int]]:
    """Pairs of images, by index, that are near each other in the list, or look alike."""
    say(Stage.PAIRS, 0)
    with pycolmap.Database.open(folder / "database.db") as database:
        images = {image.name: image.image_id for image in database.read_all_images()}
        descriptors = [database.read_descriptors(images[name]) for name in names]
    near = {(i, j) for i in range(len(names)) for j in range(i + 1, min(i + 1 + NEAR, len(names)))}
    return sorted(near | similar_pairs([np.asarray(getattr(each, "data", each)) for each in descriptors], ALIKE))


def triangulate(folder: Path, job: dict[str, Any]) -> pycolmap.Reconstruction:
    """The points that cameras of known pose see."""
    say(Stage.POINTS, 0)
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


def find_models(folder: Path) -> list[pycolmap.Reconstruction]:
    """The models that incremental mapping finds and that points hold together, those of most images first."""
    options = pycolmap.IncrementalPipelineOptions()
    options.min_model_size = 2
    placed = [2]
    count = len(list((folder / "images").glob("*/*")))

    def say_placed() -> None:
        placed[0] += 1
        say(Stage.CAMERAS, placed[0] / count)

    say(Stage.CAMERAS, 0)
    (folder / "models").mkdir()
    found = pycolmap.incremental_mapping(
        folder / "database.db", folder / "images", folder / "models", options, next_image_callback=say_placed
    )
    held = [model for model in found.values() if model.num_points3D() >= FEWEST_POINTS]
    return sorted(held, key=lambda model: -model.num_reg_images())


def tell(folder: Path, names: list[str], models: list[pycolmap.Reconstruction]) -> None:
    """Write what was seen of the images, for the parent to explain what became of them."""
    with pycolmap.Database.open(folder / "database.db") as database:
        images = {image.name: image.image_id for image in database.read_all_images()}
        details = [database.num_keypoints_for_image(images[name]) for name in names]
        _, geometries = database.read_two_view_geometries()
    seen = [geometry.config for geometry in geometries if len(geometry.inlier_matches)]
    groups = [[index for index, name in enumerate(names) if model.find_image_with_name(name)] for model in models]
    evidence = {"details": details, "pairs": len(seen), "turned": sum(config in TURNED for config in seen), "models": groups}
    (folder / "evidence.json").write_text(json.dumps(evidence), encoding="utf-8")


def write(model: pycolmap.Reconstruction, folder: Path, names: dict[str, str]) -> None:
    """Write a model with its images named as the photos are."""
    for image in model.images.values():
        image.name = names[image.name]
    (folder / "model").mkdir()
    model.write_binary(folder / "model")


def say(stage: Stage, fraction: float) -> None:
    """One line of progress for the parent."""
    print(stage, f"{fraction:.3f}", flush=True)


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
